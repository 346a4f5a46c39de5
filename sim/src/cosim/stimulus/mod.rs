//! What a run does to the block.
//!
//! | module | one idea |
//! |---|---|
//! | `writes` | registers written under traffic, one after the other |

pub(super) mod writes;
