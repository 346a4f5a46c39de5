// Stands at the end of the register block: no response but OKAY and SLVERR.

always @* begin
    if (s_bvalid)
        bresp_is_okay_or_slverr: assert (s_bresp == 2'b00 || s_bresp == 2'b10);
    if (s_rvalid)
        rresp_is_okay_or_slverr: assert (s_rresp == 2'b00 || s_rresp == 2'b10);
end
