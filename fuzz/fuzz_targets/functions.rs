//! Every network function, and chains, on arbitrary rows and packets: no panic; what two replicas are given alike makes
//! them alike, down to effects, verdicts and descriptions; a blank row changes nothing, where rows can tell that they are
//! blank; a rewritten packet is as long as it was.
#![no_main]

use scr_nf::{Action, NetworkFunction, Verdict, Visitor};
use libfuzzer_sys::fuzz_target;
use scr_fuzz::{Clock, Input, function, packet};
use scr_wire::Profile;

struct Rows<'a>(Input<'a>, &'a Profile);

impl Visitor for Rows<'_> {
    type Output = ();

    fn visit<F: NetworkFunction>(self, function: F) {
        let Self(mut input, profile) = self;
        let (mut one, mut other) = (function.new_state(), function.new_state());
        let mut clock = Clock::default();
        let mut row = vec![0; profile.row_bytes()];
        let (mut rewritten, mut rewritten_other) = (Vec::new(), Vec::new());
        while let Some(step) = input.byte() {
            let mut bytes = Vec::new();
            match step & 7 {
                // Any row at all, and any packet with it.
                0 => {
                    let given = input.bytes(row.len());
                    row.fill(0);
                    row[..given.len()].copy_from_slice(given);
                    bytes.extend(input.bytes(usize::from(step)));
                }
                // A row that says what the one before said, but for some bytes.
                1 => {
                    if let (Some(at), Some(value)) = (input.byte(), input.byte()) {
                        let at = usize::from(at) % row.len();
                        row[at] = value;
                    }
                }
                // A packet and its row; what reaches the verdict may be damaged or cut off.
                _ => {
                    let Some(made) = packet(&mut input) else {
                        break;
                    };
                    let parsed = scr_wire::parse::parse(&made, profile.has_ipv6());
                    let time = clock.step(input.byte().unwrap_or(0));
                    profile.encode(&parsed, time, &mut row);
                    bytes = made;
                }
            }
            match step >> 4 {
                0 => {
                    if let (Some(at), Some(value)) = (input.byte(), input.byte())
                        && let Some(byte) = bytes.get_mut(usize::from(at))
                    {
                        *byte = value;
                    }
                }
                1 => bytes.truncate(usize::from(input.byte().unwrap_or(0))),
                2 if *profile != scr_wire::profile::SOURCE => {
                    // As of a packet that is not IP: no addresses and no protocol, whatever else.
                    let (mut blank, time) = profile.decode(&row);
                    (blank.src, blank.dst, blank.protocol) = ([0; 16], [0; 16], 0);
                    profile.encode(&blank, time, &mut row);
                    let effect = function.apply(&mut one, &row);
                    assert!(
                        function.action(effect) == Action::Pass,
                        "a blank row does not pass"
                    );
                    assert!(one == other, "a blank row changed the state");
                    continue;
                }
                3 => other = one.clone(),
                4 => {
                    function.prefetch(&one, &row);
                }
                _ => {}
            }

            let effect = function.apply(&mut one, &row);
            assert!(effect == function.apply(&mut other, &row));
            assert!(one == other, "replicas differ");
            let verdict = function.verdict(effect, &bytes, &mut rewritten);
            assert_eq!(
                verdict,
                function.verdict(effect, &bytes, &mut rewritten_other)
            );
            assert_eq!(rewritten, rewritten_other);
            let length = if verdict == Verdict::Rewrite {
                bytes.len()
            } else {
                0
            };
            assert_eq!(rewritten.len(), length);
            rewritten.clear();
            rewritten_other.clear();
            let described = function.describe_all(&one, &row, effect);
            assert_eq!(described, function.describe_all(&other, &row, effect));
        }
        assert_eq!(function.entries(&one), function.entries(&other));
        assert_eq!(function.totals(&one), function.totals(&other));
    }
}

fuzz_target!(|bytes: &[u8]| {
    let mut input = Input(bytes);
    if let (Some(name), Some(profile)) = (input.byte(), input.byte()) {
        let (selected, profile) = function(name, profile);
        selected.with(profile, Rows(input, profile)).unwrap();
    }
});
