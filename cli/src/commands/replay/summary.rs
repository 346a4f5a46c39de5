//! A replay's result, for people.

use std::fmt::Write;

use scr_runtime::ReplayReport;

/// The report in a few lines.
pub fn render(report: &ReplayReport) -> String {
    let mut text = String::new();
    // Writing to a string cannot fail.
    let _ = lines(report, &mut text);
    text
}

fn lines(report: &ReplayReport, text: &mut String) -> std::fmt::Result {
    writeln!(
        text,
        "{} packets: {} sequenced, {} passed by",
        report.packets, report.sequenced, report.passed_by
    )?;
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
    for core in &report.per_core {
        let share = match report.sequenced {
            0 => 0.0,
            all => 100.0 * core.frames as f64 / all as f64,
        };
        writeln!(
            text,
            "  core {:<3} {:>9} frames ({share:.1} %), {:>9} rows applied",
            core.core, core.frames, core.rows_applied
        )?;
    }
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
        if let Some(lost) = &loss.lost {
            writeln!(text, "lost frames: {lost}")?;
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
    let turns = &report.failover.turns;
    for (i, turn) in (1..).zip(turns) {
        let from = match turn.seq {
            Some(seq) => format!("from frame {seq} on"),
            None if i < turns.len() => "between two frames".to_owned(),
            None => "at the end".to_owned(),
        };
        writeln!(text, "{from} {} cores, at {:?}", turn.cores, turn.queues)?;
    }
    for (fault, count) in &report.injected {
        if *fault != "lost" {
            writeln!(text, "injected: {count} {fault}")?;
        }
    }
    for (reason, count) in &report.rejected {
        writeln!(text, "rejected frames: {count} ({reason})")?;
    }
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
    writeln!(text, "{agree}; {verified}")?;
    writeln!(text, "{:.3} s, {:.3} Mpps", report.seconds, report.mpps)
}
