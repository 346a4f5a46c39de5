// Stands at the end of history_lane, for history.sv: the row at one address, whichever.

(* anyconst *) reg [8:0] watched;
wire [8*(1 << `SCR_ROW_LOG2)-1:0] word = ram_rows[watched];
