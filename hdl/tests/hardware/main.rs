//! Tests of the hardware as rust-hdl has it and of the Verilog that is printed; in one program, which is linked once.

mod committed;
mod corundum;
mod corundum_list;
mod emit;
mod golden;
mod ports;
mod printer;
