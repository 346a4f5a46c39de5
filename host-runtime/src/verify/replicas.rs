//! The final states of all replicas, compared with each other and with the reference's.

use scr_nf::NetworkFunction;

use super::Mismatch;

/// How the final states compare.
#[derive(Clone, Debug)]
pub struct Comparison {
    /// Whether all replicas are in the same state.
    pub agree: bool,
    /// Whether that is the state of the reference, if there is one.
    pub equal_reference: bool,
    /// The first difference.
    pub mismatch: Option<Mismatch>,
}

/// Compares the final states of these cores.
pub fn compare<F: NetworkFunction>(
    function: &F,
    finished: &[(u16, &F::State)],
    reference: Option<&F::State>,
) -> Comparison {
    let first = finished.first().map(|(_, state)| *state);
    let agree = finished.iter().all(|(_, state)| Some(*state) == first);
    let standard = reference.or(first);
    let odd = finished.iter().find(|(_, state)| Some(*state) != standard);
    let mismatch = match (odd, standard) {
        (Some((core, odd)), Some(standard)) => Some(Mismatch::State {
            core: *core,
            what: first_difference::<F>(&function.entries(odd), &function.entries(standard)),
        }),
        _ => None,
    };
    Comparison {
        agree,
        equal_reference: mismatch.is_none(),
        mismatch,
    }
}

fn first_difference<F: NetworkFunction>(got: &[F::Entry], expected: &[F::Entry]) -> String {
    let differing = got
        .iter()
        .zip(expected)
        .find(|(got, expected)| got != expected);
    match differing {
        Some((got, expected)) => format!("{got:?} instead of {expected:?}"),
        None if got.len() != expected.len() => {
            format!("{} entries instead of {}", got.len(), expected.len())
        }
        None => "the same entries, but evictions to come differ".to_owned(),
    }
}
