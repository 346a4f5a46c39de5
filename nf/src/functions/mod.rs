//! The functions, one file each.

pub mod conntrack;
pub mod ddos;
pub mod heavy_hitter;
pub mod load_balancer;
pub mod nat;
pub mod port_knock;
pub mod token_bucket;
