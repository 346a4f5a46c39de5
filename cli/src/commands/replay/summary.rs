//! A replay's result as text.

use std::fmt::Write;

use scr_runtime::{PerCore, ReplayReport};

use crate::warning::{self, Warning};

/// Number of cores up to which each has a line of its own.
const LINES: usize = 16;

/// Longest list of lost frames here, in characters.
const LONGEST_LIST: usize = 1000;

/// The report in a few lines.
pub fn render(report: &ReplayReport, warnings: &[Warning]) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = lines(report, &mut text);
    text.extend(warnings.iter().map(Warning::to_string));
    let _ = conclusion(report, &mut text);
    text
}

fn lines(report: &ReplayReport, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "{} packets: {} sequenced, {} passed by",
        report.packets, report.sequenced, report.passed_by
    )?;
    if report.passed_by > 0 {
        let reasons = warning::listed(&report.passed_by_reasons);
        writeln!(text, "passed by: {reasons}")?;
    }
    writeln!(
        text,
        "{} on {} cores, strategy {}, profile {}, {} prefix words",
        report.nf, report.cores, report.strategy, report.profile, report.prefix_words
    )?;
    writeln!(
        text,
        "verdicts: {} pass, {} drop",
        report.verdicts.pass, report.verdicts.drop
    )?;
    match &report.nic.clocked {
        None => writeln!(text, "NIC: {}, no clock", report.nic.kind)?,
        Some(clocked) => writeln!(
            text,
            "NIC: {}, {} cycles, {} beats in, {} beats out, {} idle with work, {:.2} Mpps at 250 MHz",
            report.nic.kind,
            clocked.cycles,
            clocked.beats_in,
            clocked.beats_out,
            clocked.idle_with_work,
            clocked.mpps_at_250mhz
        )?,
    }
    if let Some(counters) = &report.nic.counters {
        writeln!(
            text,
            "NIC registers: {} packets ({} bytes) in, {} sequenced, {} passed by, {} malformed, {} bytes out; {} cycles stalled at the input, {} at the output",
            counters.packets_in,
            counters.bytes_in,
            counters.sequenced,
            counters.passed_by,
            counters.malformed,
            counters.bytes_out,
            counters.input_stall_cycles,
            counters.output_stall_cycles
        )?;
    }
    cores(report, text)?;
    let loss = &report.loss;
    if loss.frames_lost > 0 || loss.rows_lost_everywhere > 0 || loss.rows_unrecovered > 0 {
        writeln!(
            text,
            "loss: {} frames; missing rows: {} from later frames, {} from peers' logs, {} lost everywhere, {} not recovered",
            loss.frames_lost,
            loss.rows_from_frames,
            loss.rows_from_logs,
            loss.rows_lost_everywhere,
            loss.rows_unrecovered
        )?;
        match &loss.lost {
            Some(lost) if lost.len() <= LONGEST_LIST => writeln!(text, "lost frames: {lost}")?,
            Some(_) => writeln!(
                text,
                "lost frames: {}, too many to list here; the same --seed loses them again",
                loss.frames_lost
            )?,
            None => {}
        }
    }
    if loss.state_transfers > 0 {
        writeln!(
            text,
            "{} transfers of state from peers; {} frames were overtaken by them",
            loss.state_transfers, loss.frames_overtaken
        )?;
    }
    for death in &report.failover.died {
        writeln!(
            text,
            "core {} died ({}); {} frames were lost with it",
            death.core, death.cause, death.frames_lost
        )?;
    }
    let resteerings = &report.failover.resteerings;
    for (i, resteering) in (1..).zip(resteerings) {
        let from = match resteering.seq {
            Some(seq) => format!("from frame {seq} on"),
            None if i < resteerings.len() => "between two frames".to_owned(),
            None => "at the end".to_owned(),
        };
        writeln!(
            text,
            "{from} {} cores, at {:?}",
            resteering.cores, resteering.queues
        )?;
    }
    for (fault, count) in &report.injected {
        if *fault != "lost" {
            writeln!(text, "injected: {count} {fault}")?;
        }
    }
    for (reason, count) in &report.rejected {
        writeln!(text, "rejected frames: {count} ({reason})")?;
    }
    Ok(())
}

/// One line per core, or, if there are many, per run of similar cores.
fn cores(report: &ReplayReport, text: &mut String) -> std::fmt::Result {
    let all = &report.per_core[..];
    if all.len() <= LINES {
        return all
            .iter()
            .try_for_each(|core| stretch(report, std::slice::from_ref(core), text));
    }
    let stretches: Vec<&[PerCore]> = all.chunk_by(alike).collect();
    if stretches.len() <= LINES {
        return stretches
            .into_iter()
            .try_for_each(|cores| stretch(report, cores, text));
    }
    stretch(report, all, text)
}

/// Whether two cores did the same, except for the one frame by which a rotation may favour one over another.
fn alike(one: &PerCore, other: &PerCore) -> bool {
    one.frames.abs_diff(other.frames) <= 1 && one.rows_applied == other.rows_applied
}

fn stretch(report: &ReplayReport, cores: &[PerCore], text: &mut String) -> std::fmt::Result {
    let share = |frames: u64| match report.sequenced {
        0 => 0.0,
        all => 100.0 * frames as f64 / all as f64,
    };
    let span = |of: fn(&PerCore) -> u64| {
        let all = cores.iter().map(of);
        (all.clone().min().unwrap_or(0), all.max().unwrap_or(0))
    };
    let (fewest, most) = span(|core| core.frames);
    let (least, last) = span(|core| core.rows_applied);
    let (first, end) = match cores {
        [one] => {
            return writeln!(
                text,
                "  core {:<3} {fewest:>9} frames ({:.1} %), {least:>9} rows applied",
                one.core,
                share(fewest)
            );
        }
        [first, .., end] => (first.core, end.core),
        [] => return Ok(()),
    };
    let range = |low: u64, high: u64| match low == high {
        true => low.to_string(),
        false => format!("{low} to {high}"),
    };
    writeln!(
        text,
        "  cores {first} to {end}: {} frames each ({:.1} % at most), {} rows applied",
        range(fewest, most),
        share(most),
        range(least, last)
    )
}

fn conclusion(report: &ReplayReport, text: &mut String) -> std::fmt::Result {
    let agree = if report.replicas_agree {
        "replicas agree"
    } else {
        "REPLICAS DISAGREE"
    };
    let verified = match report.verified {
        Some(true) => "verified against a single thread",
        Some(false) => "NOT what a single thread does",
        None => "not compared with a single thread",
    };
    match (report.judged(), report.is_good()) {
        (0, true) => writeln!(text, "no verdicts: there was nothing to check")?,
        _ => writeln!(text, "{agree}; {verified}")?,
    }
    writeln!(text, "{:.3} s, {:.3} Mpps", report.seconds, report.mpps)
}
