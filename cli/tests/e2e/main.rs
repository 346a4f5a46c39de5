//! The real binary, end to end, judged by code that shares nothing with the product: [`capture`] reads and writes
//! files, [`oracle`] is the frame format and the network functions once more, written from their description.
#![forbid(unsafe_code)]

mod capture;
mod oracle;
mod run;

mod bad_input;
mod captures;
mod decode;
mod examples;
mod failover;
mod functions;
mod hardware;
mod help;
mod long_trace;
mod machine;
mod messages;
mod nic;
mod outputs;
mod remedies;
mod replay;
mod sequence;
mod signals;
mod tools;
mod trace_gen;
mod translate;
