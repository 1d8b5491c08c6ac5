//! The results: a table for people, the same as markdown for the documentation, JSON for programs.

use std::time::Duration;

use comfy_table::{Cell, Table, presets};
use serde_json::{Value, json};

use crate::judge::Findings;

/// What a scenario did, and what was found.
#[derive(Debug, Default)]
pub struct Outcome {
    /// What was done to whom, how often.
    pub faults: String,
    pub findings: Findings,
    /// The longest time without an acked event, while there were players.
    pub outage: Duration,
    /// More figures, each with its name and unit.
    pub figures: Vec<String>,
    /// What is wrong beyond the findings.
    pub complaints: Vec<String>,
}

/// How a scenario ended.
#[derive(Debug)]
pub enum Verdict {
    Passed,
    Failed(Vec<String>),
    /// This machine does not let it happen.
    Impossible(String),
}

/// A row of the table.
#[derive(Debug)]
pub struct Result {
    pub name: &'static str,
    pub outcome: Outcome,
    pub took: Duration,
    pub verdict: Verdict,
}

impl Result {
    fn word(&self) -> String {
        match &self.verdict {
            Verdict::Passed => "passed".to_owned(),
            Verdict::Failed(_) => "FAILED".to_owned(),
            Verdict::Impossible(why) => format!("not possible here: {why}"),
        }
    }

    fn cells(&self) -> [String; 12] {
        let found = &self.outcome.findings;
        [
            self.name.to_owned(),
            self.outcome.faults.clone(),
            found.issued.to_string(),
            found.acked.to_string(),
            found.rows.to_string(),
            found.lost.to_string(),
            found.doubled.to_string(),
            found.sessions.to_string(),
            found.differences.to_string(),
            self.figures(),
            format!("{:.0}", self.took.as_secs_f64()),
            self.word(),
        ]
    }

    fn figures(&self) -> String {
        let mut figures = vec![format!("outage {:.1} s", self.outcome.outage.as_secs_f64())];
        figures.extend(self.outcome.figures.iter().cloned());
        figures.join("; ")
    }

    fn json(&self) -> Value {
        let found = &self.outcome.findings;
        let complaints = match &self.verdict {
            Verdict::Failed(complaints) => complaints.clone(),
            _ => Vec::new(),
        };
        json!({
            "scenario": self.name, "faults": self.outcome.faults, "issued": found.issued,
            "acked": found.acked, "rejected": found.rejected, "rows": found.rows,
            "lost": found.lost, "doubled": found.doubled, "sessions": found.sessions,
            "differences": found.differences,
            "outage_seconds": self.outcome.outage.as_secs_f64(),
            "figures": self.outcome.figures, "seconds": self.took.as_secs_f64(),
            "result": self.word(), "complaints": complaints,
        })
    }
}

const HEADER: [&str; 12] = [
    "scenario",
    "faults",
    "issued",
    "acked",
    "rows",
    "lost",
    "doubled",
    "sessions",
    "differences",
    "figures",
    "s",
    "result",
];

/// All results of a run.
#[derive(Debug)]
pub struct Report {
    pub seed: u64,
    pub form: &'static str,
    /// The commit, as `git describe` names it.
    pub commit: String,
    pub results: Vec<Result>,
}

impl Report {
    /// The table for a terminal.
    pub fn table(&self) -> String {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.set_header(HEADER);
        for result in &self.results {
            table.add_row(result.cells().map(Cell::new));
        }
        let lines = table.lines().map(|line| line.trim_end().to_owned());
        lines.collect::<Vec<_>>().join("\n")
    }

    /// The table for a document.
    pub fn markdown(&self) -> String {
        let mut lines = vec![
            format!(
                "Commit `{}`, {} form, seed {}: {}.",
                self.commit,
                self.form,
                self.seed,
                self.summary()
            ),
            String::new(),
            format!("| {} |", HEADER.join(" | ")),
            format!("|{}", "---|".repeat(HEADER.len())),
        ];
        for result in &self.results {
            lines.push(format!("| {} |", result.cells().join(" | ")));
        }
        lines.join("\n") + "\n"
    }

    pub fn json(&self) -> Value {
        let results: Vec<Value> = self.results.iter().map(Result::json).collect();
        json!({
            "commit": self.commit, "form": self.form, "seed": self.seed,
            "failed": self.failed(), "impossible": self.impossible(), "results": results,
        })
    }

    /// One line.
    pub fn summary(&self) -> String {
        let passed = self.results.len() - self.failed() - self.impossible();
        let took: f64 = self.results.iter().map(|it| it.took.as_secs_f64()).sum();
        let mut line = format!("{passed} passed, {} failed in {took:.0} s", self.failed());
        if self.impossible() > 0 {
            let missing = format!("; INCOMPLETE: {} not possible here", self.impossible());
            line.push_str(&missing);
        }
        line
    }

    pub fn failed(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Failed(_)))
    }

    fn impossible(&self) -> usize {
        self.count(|verdict| matches!(verdict, Verdict::Impossible(_)))
    }

    fn count(&self, is: impl Fn(&Verdict) -> bool) -> usize {
        let counted = self.results.iter().filter(|result| is(&result.verdict));
        counted.count()
    }
}
