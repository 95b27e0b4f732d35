"""The network between hosts that are namespaces: opens a TUN device in each and carries its packets to the others, each after a
delay, some of them never. Started by hosts.ts, as `relay.py DELAY_MS LOSS NAMESPACE=ADDRESS …`; prints `ready`, and ends with
its standard input. (The kernel's own netem is a module that few containers and small machines have.)"""

import ctypes
import fcntl
import heapq
import os
import random
import select
import socket
import struct
import sys
import time
from typing import IO

CLONE_NEWNET = 0x40000000
TUNSETIFF = 0x400454CA
IFF_TUN, IFF_NO_PI = 1, 0x1000
MTU = 9000


def enter(namespace: IO[str]) -> None:
    if ctypes.CDLL(None, use_errno=True).setns(namespace.fileno(), CLONE_NEWNET) != 0:
        raise OSError(ctypes.get_errno(), f"setns {namespace.name}")


def open_device(namespace: str) -> int:
    """A TUN device in the namespace; checksums and segments are the kernel's there, as it offers no offloading."""
    with open("/proc/self/ns/net") as here, open(f"/run/netns/{namespace}") as there:
        enter(there)
        device = os.open("/dev/net/tun", os.O_RDWR | os.O_NONBLOCK)
        enter(here)
    fcntl.ioctl(device, TUNSETIFF, struct.pack("16sH22x", b"net0", IFF_TUN | IFF_NO_PI))
    return device


def main() -> None:
    delay, loss = float(sys.argv[1]) / 1e3, float(sys.argv[2])
    hosts = [argument.split("=") for argument in sys.argv[3:]]
    devices = {socket.inet_aton(address): open_device(namespace) for namespace, address in hosts}
    print("ready", flush=True)
    chance = random.Random(1)
    queue: list[tuple[float, int, int, bytes]] = []
    count = 0
    poll = select.poll()
    for device in (0, *devices.values()):
        poll.register(device, select.POLLIN)
    while True:
        wait = None if not queue else max(0.0, queue[0][0] - time.monotonic()) * 1e3
        for device, _ in poll.poll(wait):
            if device == 0:
                return  # whoever started this is gone
            while True:
                try:
                    packet = os.read(device, MTU + 64)
                except BlockingIOError:
                    break
                except OSError:
                    time.sleep(0.01)  # the link is down
                    break
                to = devices.get(packet[16:20])
                if to is None or packet[0] >> 4 != 4 or chance.random() < loss:
                    continue
                count += 1
                heapq.heappush(queue, (time.monotonic() + delay, count, to, packet))
        now = time.monotonic()
        while queue and queue[0][0] <= now:
            _, _, to, packet = heapq.heappop(queue)
            try:
                os.write(to, packet)
            except OSError:
                pass  # that link is down, or its queue full: lost, as on a wire


main()
