//! The host side of State-Compute Replication.
pub mod nf;
pub mod table;
