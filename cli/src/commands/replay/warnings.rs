//! Warnings about a replay that did not fail: there was nothing to check, or something requested did not happen.

use scr_runtime::ReplayReport;
use scr_runtime::device::{Fault, FaultEffect, Select, WorkerFault};

use super::Args;
use crate::warning::{self, Warning};

/// The packets each function handles; functions not listed handle every packet with addresses.
const SUBJECTS: &[(&str, &str)] = &[
    ("conntrack", "conntrack follows TCP connections"),
    (
        "nat",
        "nat translates TCP and UDP over IPv4 from the addresses of --nf-opt inside=PREFIX, and answers to them",
    ),
    (
        "load-balancer",
        "load-balancer takes TCP and UDP over IPv4 to the addresses of --nf-opt vip=ADDRESS:PORT",
    ),
    ("port-knock", "port-knock takes TCP"),
];

/// Warnings about the result.
pub fn of_result(report: &ReplayReport) -> Vec<Warning> {
    let mut warnings =
        warning::of_passed_by(report.packets, report.sequenced, &report.passed_by_reasons);
    if report.sequenced > 0 {
        warnings.extend(nothing_judged(report).or_else(|| nothing_done(report)));
    }
    if report.stalls_cut_short > 0 {
        warnings.push(Warning::new(
            "stall-cut-short",
            format!(
                "{} of {} stalls were cut short by the end of the traffic",
                report.stalls_cut_short,
                report.injected.get("stalled").copied().unwrap_or(0)
            ),
            "let them begin earlier, be shorter, or replay more packets",
        ));
    }
    warnings
}

/// No frame got a verdict.
fn nothing_judged(report: &ReplayReport) -> Option<Warning> {
    if report.judged() > 0 {
        return None;
    }
    let loss = &report.loss;
    let rejected = report.rejected.values().sum();
    let became = [
        (loss.frames_lost, "lost"),
        (loss.frames_lost_with_workers, "lost with workers"),
        (loss.frames_overtaken, "overtaken"),
        (rejected, "rejected"),
    ];
    let became: Vec<String> = became
        .into_iter()
        .filter(|&(count, _)| count > 0)
        .map(|(count, what)| format!("{count} {what}"))
        .collect();
    Some(Warning::new(
        "no-verdict",
        format!(
            "nothing was checked: none of {} sequenced frames got a verdict ({})",
            report.sequenced,
            became.join(", ")
        ),
        "let fewer frames meet a loss or another fault",
    ))
}

/// The function found no packet that concerns it.
fn nothing_done(report: &ReplayReport) -> Option<Warning> {
    if !report.state_untouched || report.verdicts.drop > 0 {
        return None;
    }
    let looks_at: Vec<&str> = SUBJECTS
        .iter()
        .filter(|(name, _)| report.nf.split(',').any(|nf| nf == *name))
        .map(|&(_, what)| what)
        .collect();
    let help = match looks_at.is_empty() {
        true => "give a capture with packets that the function looks at".to_owned(),
        false => looks_at.join("; "),
    };
    Some(Warning::new(
        "nothing-done",
        format!(
            "{} had nothing to do: it let all packets pass, and its state is empty",
            report.nf
        ),
        help,
    ))
}

/// Requests that did not take effect before the capture ended.
pub fn missed(args: &Args, faults: &[Fault], report: &ReplayReport) -> Vec<Warning> {
    let mut missed = Vec::new();
    let injected = |name: &str| match name {
        "lost" => report.loss.frames_lost,
        _ => report.injected.get(name).copied().unwrap_or(0),
    };
    let crashed = injected("crashed");
    let crashes = faults
        .iter()
        .filter(|fault| fault.effect == FaultEffect::Worker(WorkerFault::Crash));
    let asked = crashes.count();
    if crashed < asked as u64 {
        missed.push(Warning::bare(
            "crash-missed",
            format!(
                "{crashed} of {asked} crashes came about; no worker met the frames of the others"
            ),
        ));
    }
    let sequenced = report.sequenced;
    for fault in faults {
        let name = fault.effect.name();
        match &fault.which {
            Select::List(list) => {
                if let late @ 1.. = list.count_from(sequenced) {
                    missed.push(Warning::bare(
                        "frames-missed",
                        format!(
                            "{late} of the frames to be {name} did not come: {sequenced} were sequenced"
                        ),
                    ));
                }
            }
            Select::Rate {
                probability: 0.0, ..
            }
            | Select::Burst {
                probability: 0.0, ..
            } => {}
            _ if fault.effect == FaultEffect::Worker(WorkerFault::Crash) => {}
            _ if injected(name) == 0 => missed.push(Warning::bare(
                "fault-missed",
                format!("{fault}: no frame was {name}; {sequenced} were sequenced"),
            )),
            _ => {}
        }
    }
    let resizes = args.resize.iter().flat_map(|plan| plan.resizes());
    for late in resizes.filter(|resize| resize.seq >= sequenced) {
        missed.push(Warning::bare(
            "resize-missed",
            format!("--resize {late}: only {sequenced} frames were sequenced"),
        ));
    }
    missed
}
