//! Several short optional texts in one allocation: there is one set for every live session.

/// `N` texts; each is unknown until it is set. An empty text is an unknown one.
#[derive(Debug, Clone)]
pub(super) struct Texts<const N: usize> {
    joined: Box<str>,
    /// Where each text ends in `joined`; it begins where the one before it ends.
    ends: [u16; N],
}

impl<const N: usize> Default for Texts<N> {
    fn default() -> Self {
        Self {
            joined: Box::default(),
            ends: [0; N],
        }
    }
}

impl<const N: usize> Texts<N> {
    /// The text at `place`, if it is known.
    pub(super) fn get(&self, place: usize) -> Option<&str> {
        let (begin, end) = self.span(place)?;
        self.joined.get(begin..end).filter(|text| !text.is_empty())
    }

    /// Sets the text at `place` unless it is known. Texts beyond 64 KiB in all are not kept; the
    /// parser's bounds leave them far below.
    pub(super) fn keep_first(&mut self, place: usize, text: Option<&str>) {
        let (Some(text), None, Some((begin, _))) = (text, self.get(place), self.span(place)) else {
            return;
        };
        let Some(added) = u16::try_from(self.joined.len() + text.len())
            .ok()
            .and_then(|_| u16::try_from(text.len()).ok())
        else {
            return;
        };
        let (before, after) = self.joined.split_at(begin);
        self.joined = [before, text, after].concat().into();
        for end in self.ends.iter_mut().skip(place) {
            *end += added;
        }
    }

    fn span(&self, place: usize) -> Option<(usize, usize)> {
        let end = *self.ends.get(place)?;
        let begin = place
            .checked_sub(1)
            .and_then(|before| self.ends.get(before));
        Some((begin.copied().unwrap_or(0).into(), end.into()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn texts_keep_their_first_value_in_whatever_order_they_come() {
        let mut texts = Texts::<3>::default();
        for (place, text) in [(2, "c"), (0, "ä"), (1, "bb"), (0, "other"), (1, "")] {
            texts.keep_first(place, Some(text));
        }
        texts.keep_first(1, None);
        assert_eq!(
            [0, 1, 2, 3].map(|place| texts.get(place)),
            [Some("ä"), Some("bb"), Some("c"), None]
        );
    }

    #[test]
    fn what_does_not_fit_is_left_out_and_harms_nothing() {
        let mut texts = Texts::<2>::default();
        texts.keep_first(1, Some("kept"));
        texts.keep_first(0, Some(&"x".repeat(70_000)));
        assert_eq!((texts.get(0), texts.get(1)), (None, Some("kept")));
    }

    #[test]
    fn long_texts_fit_side_by_side() {
        let mut texts = Texts::<2>::default();
        let long = "x".repeat(300);
        texts.keep_first(0, Some(&long));
        texts.keep_first(1, Some(&long));
        assert_eq!(texts.get(0), Some(&*long));
        assert_eq!(texts.get(1), Some(&*long));
    }
}
