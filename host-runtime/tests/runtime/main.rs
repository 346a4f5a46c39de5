//! Whole runs, and parts of them, from the outside. One binary, because what takes long to compile is the same in all:
//! every function, for every row profile, as workers.

mod chain;
mod docs;
mod failover;
mod hostile;
mod loss_patterns;
mod losses;
mod own_function;
mod queues;
mod support;
mod theorem;
mod timed;
mod transfer;
mod translate;
