//! Five times as much comes as can be taken. PostgreSQL is the bottleneck, behind a slow network, so
//! that the numbers are those of the service and not of the cores that it shares with the players.

use std::time::{Duration, Instant};

use crate::proxy::{Proxy, Weather};
use crate::report::Outcome;
use crate::stage::{Server, Stage};
use crate::volley::{Salvo, Shot, Volley};

/// Each way; an INSERT is one round trip.
const DELAY: Duration = Duration::from_millis(75);
/// In the short form also what the network carries, so that an unoptimized build on a busy machine has
/// an easy time: some 2000 events a second.
const NARROW: f64 = 4e6;
const CLIENTS: [usize; 5] = [16, 32, 64, 96, 128];
/// More clients must bring at least this much more; where they do not twice, the peak is found.
const STILL_GROWS: f64 = 1.05;
const FACTOR: f64 = 5.0;
const CONNECTIONS: usize = 400;
/// The promises: goodput as a share of the peak, the slowest accepted request in a hundred, and half
/// of the refusals. The short form runs beside who knows what: it tells its figures, and only what
/// does not depend on the machine is held against it.
const GOODPUT: f64 = 0.8;
const LONGEST_ACCEPTED: Duration = Duration::from_secs(1);
const LONGEST_REFUSAL: Duration = Duration::from_millis(10);

pub async fn overload(stage: &mut Stage<'_>) -> anyhow::Result<Outcome> {
    let (step, during) = stage.amount((1000, 4), (2500, 20));
    let (step, during) = (Duration::from_millis(step), Duration::from_secs(during));
    let url = stage.database()?;
    let proxy = Proxy::to(&url).await;
    // One lane, so that there is one bottleneck to speak of on any machine; and sessions are not over
    // while they go on, as everywhere but here, or they are folded anew all the time.
    let url_behind = proxy.url();
    let mut arguments = vec!["--database-url", &url_behind, "--write-connections", "1"];
    arguments.extend(["--idle-timeout", "60s"]);
    let mut server = Server::new(stage.folder.path(), &arguments).await?;
    let volley = Volley::at(server.url().replace("http://", "").parse()?);
    // Connections are made and statements prepared once, and not by those who are measured.
    volley.closed(CLIENTS[0], step / 2).await;
    proxy.set(Weather {
        delay: DELAY,
        bytes_per_second: stage.amount(Some(NARROW), None),
        ..Weather::default()
    });
    let peak = peak(&volley, step).await;
    let shooting = volley.open(peak * FACTOR, CONNECTIONS, during);
    let (salvo, queued) = tokio::join!(shooting, longest_queue(stage, &server, during));
    proxy.mend();
    server.check_counters(&stage.http).await?;
    let logs = stage.folder("volley")?;
    volley.write_logs(&logs)?;
    stage.logs.push(logs);
    let mut outcome = Outcome {
        faults: format!("{FACTOR} × {peak:.0} events/s for {} s", during.as_secs()),
        ..Outcome::default()
    };
    outcome
        .figures
        .push(format!("at most {queued:.0} events in the queue"));
    measure(&salvo, peak, stage.long, &mut outcome);
    stage.judge_rows(&mut server, &url, &mut outcome).await?;
    outcome.complaints.extend(server.panics());
    server.stop().await?;
    Ok(outcome)
}

/// The most events that waited for the writer.
async fn longest_queue(stage: &Stage<'_>, server: &Server, during: Duration) -> f64 {
    let (begun, mut most) = (Instant::now(), 0.0_f64);
    while begun.elapsed() < during {
        let name = "telemetry_write_queue_events";
        most = most.max(server.metric(&stage.http, name).await.unwrap_or(0.0));
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    most
}

/// What it takes at most: more and more clients, until they bring no more.
async fn peak(volley: &std::sync::Arc<Volley>, step: Duration) -> f64 {
    let (mut peak, mut stalls) = (0.0_f64, 0);
    for clients in CLIENTS {
        let reached = volley.closed(clients, step).await;
        let grows = reached > peak * STILL_GROWS;
        peak = peak.max(reached);
        stalls = if grows { 0 } else { stalls + 1 };
        if stalls == 2 {
            break;
        }
    }
    peak
}

fn measure(salvo: &Salvo, peak: f64, strict: bool, outcome: &mut Outcome) {
    let Salvo {
        shots,
        unsent,
        goodput,
    } = salvo;
    let acked: Vec<&Shot> = shots.iter().filter(|shot| shot.is_acked()).collect();
    let refused: Vec<&Shot> = shots.iter().filter(|shot| shot.status == 503).collect();
    let others = shots.len() - acked.len() - refused.len();
    let accepted = quantile(acked.iter().map(|shot| shot.took).collect(), 0.99);
    let refusal = |share| quantile(refused.iter().map(|shot| shot.answered).collect(), share);
    outcome.figures.extend([
        format!(
            "goodput {goodput:.0} events/s ({:.0} % of the peak)",
            100.0 * goodput / peak
        ),
        format!("p99 of accepted {} ms", accepted.as_millis()),
        format!(
            "{} requests accepted, {} refused, {unsent} unsent, {others} others",
            acked.len(),
            refused.len()
        ),
        format!(
            "refused within {:.1} ms (p50), {:.1} ms (p99)",
            refusal(0.5).as_secs_f64() * 1000.0,
            refusal(0.99).as_secs_f64() * 1000.0
        ),
    ]);
    let untold = refused.iter().filter(|shot| !shot.told_when).count();
    let broken = [
        (
            strict && *goodput < peak * GOODPUT,
            "goodput is below 80 % of the peak",
        ),
        (
            strict && accepted > LONGEST_ACCEPTED,
            "p99 of accepted requests is above 1 s",
        ),
        (refused.is_empty(), "nothing was refused"),
        (
            strict && refusal(0.5) > LONGEST_REFUSAL,
            "half of the refusals take above 10 ms",
        ),
        (untold > 0, "refusals came without Retry-After"),
        (others > 0, "requests were answered neither 200 nor 503"),
    ];
    let broken = broken.into_iter().filter(|(is, _)| *is);
    outcome
        .complaints
        .extend(broken.map(|(_, what)| what.to_owned()));
}

/// 0 without any.
fn quantile(mut durations: Vec<Duration>, share: f64) -> Duration {
    durations.sort_unstable();
    let at = ((durations.len() as f64 * share).ceil() as usize).max(1) - 1;
    durations.get(at).copied().unwrap_or_default()
}
