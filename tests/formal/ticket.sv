// How rows lie in beats; and what the ticket of a sequenced frame says twice agrees: the numberer keeps that, the scheduler relies on it. Included by checks. Fields stand in the order of
// FrameTicket in types.rs.

localparam ROW_BYTES = 1 << `SCR_ROW_LOG2;
localparam LANES = `SCR_WIDTH / 8 > ROW_BYTES ? `SCR_WIDTH / 8 / ROW_BYTES : 1;     // slots of a beat
localparam HEADER_SLOTS = ROW_BYTES < 16 ? 16 / ROW_BYTES : 1;                      // slots before the first row
localparam PARTS = ROW_BYTES > `SCR_WIDTH / 8 ? ROW_BYTES / (`SCR_WIDTH / 8) : 1;   // beats of a row

function ticket_agrees(input [253:0] ticket);
    reg [7:0] left;             // beats of prefix behind the first
    reg [9:0] filled, after;    // slots that are filled: in all, and from the second beat on
    reg [8:0] newest;           // address of the newest row
    begin
        left = ticket[10:3];
        filled = ticket[20:11];
        after = PARTS > 1 ? filled : filled > LANES ? filled - LANES : 10'd0;
        newest = ticket[39:31];
        ticket_agrees = ticket[1] == (left == 8'd0) && ticket[2] == (left == 8'd1) && ticket[30:21] == after
            && ticket[48:40] == newest - 9'd1 && ticket[57:49] == (PARTS > 1 ? newest : newest - 9'd1);
    end
endfunction
