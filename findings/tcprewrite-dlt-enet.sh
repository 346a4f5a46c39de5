#!/usr/bin/env bash
# tcprewrite 4.4.3 (tcpreplay): `--dlt=enet` on a capture of raw IP (link type 101) makes no Ethernet header. The link type in the
# file's header becomes Ethernet, packets keep their length, and with --enet-dmac and --enet-smac the two addresses are written
# over the first 12 bytes of each IP header. The exit status is 0 and nothing is printed.
#
# A good guess, from its manual, is that the link layer is converted: packets should grow by 14 bytes. What comes out is read as
# Ethernet by everything, as frames of nobody with an EtherType that is the end of an IPv4 source address.
#
# Needs Debian 12 (bookworm) or a system with its packages. Fails if the behaviour changes.
set -euo pipefail

folder=$(mktemp -d)
trap 'rm -rf "$folder"' EXIT
cd "$folder"
chmod 755 .
apt-get download -qq tcpreplay=4.4.3-1 libdumbnet1=1.16.3-1 >/dev/null 2>&1
for package in *.deb; do
    dpkg -x "$package" root
done
LD_LIBRARY_PATH=$(dirname "$(find "$folder/root" -name 'libdumbnet.so.1' | head -1)")
export LD_LIBRARY_PATH

# A pcap of link type 101 with one UDP packet, 10.0.0.1:1234 > 10.0.0.2:53, of 32 bytes.
header=d4c3b2a1020004000000000000000000000004006500000000f15365000000002000000020000000
packet=450000200001000040116 ; packet+=6ca0a0000010a00000204d20035000c000061626364
printf '%b' "$(sed 's/../\\x&/g' <<< "$header$packet")" > raw.pcap

root/usr/bin/tcprewrite --dlt=enet -i raw.pcap -o plain.pcap > said 2>&1
root/usr/bin/tcprewrite --dlt=enet --enet-dmac=02:00:00:00:00:01 --enet-smac=02:00:00:00:00:02 -i raw.pcap -o addressed.pcap >> said 2>&1
[ ! -s said ] || { echo "changed: it says something now"; cat said; exit 1; }

field() { od -An -v -tx1 -j "$2" -N "$3" "$1" | tr -d ' \n'; }
for file in plain.pcap addressed.pcap; do
    echo "$file: link type $(field $file 20 4), captured $(field $file 32 4), packet $(field $file 40 32)"
    [ "$(field $file 20 4)" = 01000000 ] || { echo "changed: link type" >&2; exit 1; }
    [ "$(field $file 32 4)" = 20000000 ] || { echo "changed: the packet has another length" >&2; exit 1; }
done
[ "$(field plain.pcap 40 32)" = "$packet" ] || { echo "changed: the packet" >&2; exit 1; }
[ "$(field addressed.pcap 40 32)" = "020000000001020000000002${packet:24}" ] || { echo "changed: the packet" >&2; exit 1; }
