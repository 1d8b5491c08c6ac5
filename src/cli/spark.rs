//! Small drawings of text: a series as a sparkline, stretches of time as a bar.

/// From the least to the most.
const STEPS: [char; 8] = ['▁', '▂', '▃', '▄', '▅', '▆', '▇', '█'];

/// A series as a line of at most `width` signs; a space where nothing is known. Of values that share
/// a sign the largest is drawn, so that no peak is lost.
pub(super) fn line(values: &[Option<f64>], width: usize) -> String {
    let shares = values.len().div_ceil(width.max(1)).max(1);
    let largest = |share: &[Option<f64>]| share.iter().copied().flatten().reduce(f64::max);
    let drawn: Vec<Option<f64>> = values.chunks(shares).map(largest).collect();
    let known = || drawn.iter().copied().flatten();
    let most = known().fold(0.0, f64::max);
    // From zero on: a series that hardly moves must not look wild.
    let least = known().fold(0.0, f64::min);
    let sign = |value: Option<f64>| value.map_or(' ', |value| step(value, least, most));
    drawn.into_iter().map(sign).collect()
}

#[expect(
    clippy::as_conversions,
    reason = "the share is within 0 and 7, and a conversion saturates"
)]
fn step(value: f64, least: f64, most: f64) -> char {
    let share = if most > least {
        (value - least) / (most - least) * 7.0
    } else {
        0.0
    };
    let at = share.round() as usize;
    STEPS.get(at).copied().unwrap_or('█')
}

/// Cuts stretches of time, each with a length and what it was, into `width` cells of the same length,
/// and gives what each cell shows: of all that lies in it, what `rank` puts first.
pub(super) fn cells<T: Copy>(
    stretches: &[(i64, T)],
    width: usize,
    rank: impl Fn(T) -> u8,
) -> Vec<T> {
    let whole: i64 = stretches.iter().map(|(length, _)| *length).sum();
    let mut cells: Vec<Option<T>> = vec![None; width];
    let mut at = 0;
    for (length, what) in stretches.iter().filter(|(length, _)| *length > 0) {
        let first = place(at, whole, width);
        at += length;
        // A stretch that ends where a cell begins is not in it.
        let last = place(at - 1, whole, width).max(first);
        for cell in cells.iter_mut().take(last + 1).skip(first) {
            if cell.is_none_or(|shown| rank(*what) < rank(shown)) {
                *cell = Some(*what);
            }
        }
    }
    cells.into_iter().flatten().collect()
}

/// The cell that a moment lies in.
fn place(at: i64, whole: i64, width: usize) -> usize {
    let wide = i128::try_from(width).unwrap_or_default();
    let place = i128::from(at) * wide / i128::from(whole.max(1));
    usize::try_from(place)
        .unwrap_or_default()
        .min(width.saturating_sub(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_goes_from_zero_to_its_peak_and_leaves_what_is_not_known_blank() {
        let values = [Some(0.0), Some(7.0), None, Some(3.0), Some(1.0)];
        assert_eq!(line(&values, 10), "▁█ ▄▂");
        assert_eq!(line(&[Some(5.0), Some(5.0)], 10), "██");
        assert_eq!(line(&[Some(-7.0), Some(0.0)], 10), "▁█");
        assert_eq!(line(&[None, Some(0.0)], 10), " ▁");
        assert_eq!(line(&[], 10), "");
    }

    #[test]
    fn a_long_series_keeps_its_peaks() {
        let mut values = vec![Some(1.0); 100];
        values[37] = Some(8.0);
        assert_eq!(line(&values, 10), "▂▂▂█▂▂▂▂▂▂");
        assert_eq!(line(&values, 0).chars().count(), 1);
    }

    #[test]
    fn a_bar_gives_each_stretch_its_share_and_shows_what_matters_however_short() {
        let bar = |stretches: &[(i64, char)], width| -> String {
            let rank = |what| u8::from(what != '!');
            cells(stretches, width, rank).into_iter().collect()
        };
        assert_eq!(bar(&[(500, '>'), (500, '=')], 4), ">>==");
        assert_eq!(bar(&[(1000, '='), (1, '!'), (2999, '=')], 4), "=!==");
        assert_eq!(bar(&[(10, '>'), (90, '=')], 5), ">====");
        assert_eq!(bar(&[(0, '!'), (10, '=')], 3), "===");
        assert_eq!(bar(&[(1, '=')], 3), "=");
        assert_eq!(bar(&[], 3), "");
    }
}
