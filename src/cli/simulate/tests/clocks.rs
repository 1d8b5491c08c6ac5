//! Clients whose clocks are wrong by as much as was asked for.

use super::super::run;
use super::super::session::{Recipe, Session};
use super::args;

fn recipe(line: &str) -> Recipe {
    run::recipe(&args(line), 1_800_000_000_000).unwrap()
}

#[test]
fn clocks_are_wrong_by_years_when_asked_and_the_story_stays_the_same() {
    let right = recipe("--sessions 50 --start-time 2026-11-26T10:00:00Z");
    let wrong = Recipe {
        clock_skew_ms: recipe("--clock-skew 5years").clock_skew_ms,
        ..right
    };
    let (mut behind, mut ahead) = (0, 0);
    for index in 0..50 {
        let (right, wrong) = (Session::new(&right, index), Session::new(&wrong, index));
        let skew_ms = wrong.clock_ms(0) - wrong.true_ms(0);
        assert!(skew_ms.abs() <= 5 * 366 * 86_400_000, "{skew_ms}");
        assert_eq!(wrong.true_ms(0), right.true_ms(0));
        assert_eq!(wrong.len(), right.len());
        behind += i32::from(skew_ms < -365 * 86_400_000);
        ahead += i32::from(skew_ms > 365 * 86_400_000);
    }
    // Four fifths are off by more than a year, as many ahead as behind.
    assert!(behind >= 10 && ahead >= 10, "{behind} {ahead}");
}
