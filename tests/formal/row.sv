// The row of a frame by section 5 of the wire format, which is written out below as it stands there: of `window`, the frame's first 128 bytes, of which it has those
// that `present` says, and `user`. Included by checks.

function [1023:0] bytes_that_are_there(input [1023:0] bytes, input [127:0] there);
    integer i;
    for (i = 0; i < 128; i = i + 1)
        bytes_that_are_there[8*i +: 8] = there[i] ? bytes[8*i +: 8] : 8'd0;
endfunction

wire [1023:0] frame = bytes_that_are_there(window, present);

// Two bytes in network order.
`define SCR_BE16(bytes, at) {bytes[8*(at) +: 8], bytes[8*(at)+8 +: 8]}

// 1. Ethernet II, then 0, 1 or 2 VLAN tags, then the EtherType. `ip` is where the IP header begins.
function is_tpid(input [15:0] value);
    is_tpid = value == 16'h8100 || value == 16'h88a8 || value == 16'h9100 || value == 16'h9200;
endfunction
wire one_tag = present[13] && is_tpid(`SCR_BE16(frame, 12));
wire two_tags = one_tag && present[17] && is_tpid(`SCR_BE16(frame, 16));
wire [6:0] ip = two_tags ? 7'd22 : one_tag ? 7'd18 : 7'd14;
wire [1023:0] from_type = two_tags ? frame >> 160 : one_tag ? frame >> 128 : frame >> 96;
wire [1023:0] header = from_type >> 16;

// 2. IPv4, or IPv6 under the profile that has its addresses: the whole header must be there.
wire [3:0] ihl = header[3:0];
wire ipv4_type = present[ip - 1] && `SCR_BE16(from_type, 0) == 16'h0800;
wire ipv6_type = present[ip - 1] && `SCR_BE16(from_type, 0) == 16'h86dd && `SCR_ROW_LOG2 == 6;
wire ipv4 = ipv4_type && header[7:4] == 4'd4 && ihl >= 4'd5 && present[ip + 4*ihl - 1];
wire ipv6 = ipv6_type && header[7:4] == 4'd6 && present[ip + 39];

// 3. and 4. The transport header: its first 4 bytes for ports, 14 for TCP's fields.
wire [7:0] protocol = ipv6 ? header[8*6 +: 8] : header[8*9 +: 8];
wire first_fragment = ipv6 || (`SCR_BE16(header, 6) & 16'h1fff) == 16'd0;
wire [6:0] transport_at = ipv6 ? ip + 7'd40 : ip + 4*ihl;
wire [127:0] segment = frame >> (8 * transport_at);
wire has_ports = (ipv4 || ipv6) && first_fragment && (protocol == 8'd6 || protocol == 8'd17) && present[transport_at + 3];
wire has_tcp = (ipv4 || ipv6) && first_fragment && protocol == 8'd6 && present[transport_at + 13];

// 5. A field whose condition fails is zero. Fields stand as on the wire, first byte in the lowest bits.
wire [31:0] src = ipv4 ? header[8*12 +: 32] : 32'd0;
wire [31:0] dst = ipv4 ? header[8*16 +: 32] : 32'd0;
wire [127:0] src_16 = ipv6 ? header[8*8 +: 128] : ipv4 ? {src, 32'hffff0000, 64'd0} : 128'd0;
wire [127:0] dst_16 = ipv6 ? header[8*24 +: 128] : ipv4 ? {dst, 32'hffff0000, 64'd0} : 128'd0;
wire [15:0] src_port = has_ports ? segment[15:0] : 16'd0;
wire [15:0] dst_port = has_ports ? segment[31:16] : 16'd0;
wire [7:0] the_protocol = ipv4 || ipv6 ? protocol : 8'd0;
wire [7:0] tcp_flags = has_tcp ? segment[8*13 +: 8] : 8'd0;
wire [31:0] tcp_seq = has_tcp ? segment[8*4 +: 32] : 32'd0;
wire [31:0] tcp_ack = has_tcp ? segment[8*8 +: 32] : 32'd0;
wire [15:0] ipv6_length = `SCR_BE16(header, 4) + 16'd40;
wire [15:0] length = ipv6 ? {ipv6_length[7:0], ipv6_length[15:8]} : ipv4 ? header[8*2 +: 16] : 16'd0;

// 6. The timestamp, in every row of a profile that has one.
wire [31:0] seconds = {user[56:49], user[64:57], user[72:65], user[80:73]};
wire [31:0] nanoseconds = {user[24:17], user[32:25], user[40:33], user[48:41]};

// Section 4: the profiles, by the size of their rows.
wire [8*(1 << `SCR_ROW_LOG2)-1:0] expected_row =
    `SCR_ROW_LOG2 == 2 ? src :
    `SCR_ROW_LOG2 == 3 ? {tcp_flags, the_protocol, dst_port, src} :
    `SCR_ROW_LOG2 == 4 ? {length, tcp_flags, the_protocol, dst_port, src_port, dst, src} :
    `SCR_ROW_LOG2 == 5 ? {tcp_ack, tcp_seq, nanoseconds, seconds, length, tcp_flags, the_protocol, dst_port, src_port, dst, src} :
    {64'd0, tcp_ack, tcp_seq, nanoseconds, seconds, length, tcp_flags, the_protocol, dst_port, src_port, dst_16, src_16};
