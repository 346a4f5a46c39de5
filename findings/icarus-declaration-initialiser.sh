#!/usr/bin/env bash
# Icarus Verilog 11.0: whether `always @*` runs at time 0 because of the first value of a register depends on how that value is
# written, and on the standard that is asked for.
#
#   form                        -g2001, -g2005      -g2005-sv, -g2009, -g2012
#   reg a = 1'b0;               b is 0              b is x: nothing wakes `always @* b = a`
#   reg c; initial c = 1'b0;    d is 0              d is 0
#
# A good guess is that both forms are one thing, and that a later standard accepts what an earlier one did. IEEE 1800 lets a
# declaration's initialiser set the value before any process starts, without an event; an `initial` block is a process, and its
# assignment is an event. cocotb's runner passes -g2012, so a module that simulates right by hand has x under it.
#
# Needs Debian 12 (bookworm) or a system with its packages. Fails if the behaviour changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq iverilog=11.0-1.1+b1 >/dev/null 2>&1
dpkg -x iverilog_*.deb root
library="$folder/root/usr/lib/$(dpkg-architecture -qDEB_HOST_MULTIARCH 2>/dev/null || echo x86_64-linux-gnu)/ivl"

cat > first.v <<'VERILOG'
module first;
    reg a = 1'b0;
    reg b;
    reg c;
    reg d;
    initial c = 1'b0;
    always @* b = a;
    always @* d = c;
    initial #1 $display("%b%b", b, d);
endmodule
VERILOG

for standard in 2001 2005 2005-sv 2009 2012; do
    root/usr/bin/iverilog -B "$library" -g"$standard" -o first first.v
    seen=$(root/usr/bin/vvp -M "$library" -n first)
    echo "-g$standard: declared ${seen:0:1}, initial block ${seen:1:1}"
    case $standard in
        2001 | 2005) expected=00 ;;
        *) expected=x0 ;;
    esac
    [ "$seen" = "$expected" ] || { echo "changed: expected $expected" >&2; exit 1; }
done
