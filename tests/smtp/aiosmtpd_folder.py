"""A mail server of aiosmtpd that writes each letter to FOLDER/N.eml: aiosmtpd_folder.py FOLDER [PORT]

Prints its port, and serves until it is killed. FOLDER/fault holds `STEP hang` or `STEP cut` for the next one who comes to
that step (hello, from, to or letter): nothing more is said to them, and `cut` ends the connection; FOLDER/reached tells
that they came. At `letter` it has been taken by then.
"""

import asyncio
import pathlib
import sys
import threading
import time

from aiosmtpd.controller import Controller


class Folder:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)

    async def reach(self, step, server):
        fault = self.folder / "fault"
        if not fault.exists() or fault.read_text().split()[0] != step:
            return
        cuts = fault.read_text().split()[1] == "cut"
        fault.unlink()
        (self.folder / "reached").touch()
        if cuts:
            server.transport.abort()
        await asyncio.Event().wait()

    async def handle_EHLO(self, server, session, envelope, hostname, responses):
        await self.reach("hello", server)
        session.host_name = hostname
        return responses

    async def handle_MAIL(self, server, session, envelope, address, mail_options):
        await self.reach("from", server)
        envelope.mail_from = address
        envelope.mail_options.extend(mail_options)
        return "250 OK"

    async def handle_RCPT(self, server, session, envelope, address, rcpt_options):
        await self.reach("to", server)
        envelope.rcpt_tos.append(address)
        envelope.rcpt_options.extend(rcpt_options)
        return "250 OK"

    async def handle_DATA(self, server, session, envelope):
        count = 1 + len(list(self.folder.glob("[0-9]*.eml")))
        fresh = self.folder / f".{count}.new"
        fresh.write_bytes(envelope.content)
        fresh.rename(self.folder / f"{count}.eml")
        await self.reach("letter", server)
        return "250 taken"


class AnyPort(Controller):
    """The library itself asks whether it listens by connecting to the port that it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


def start(port):
    # A port of before may be somebody's own for a moment.
    for _ in range(200):
        controller = AnyPort(Folder(sys.argv[1]), hostname="127.0.0.1", port=port, enable_SMTPUTF8=True)
        try:
            controller.start()
            return controller
        except OSError:
            time.sleep(0.05)
    sys.exit("the port is not free")


print(start(int(sys.argv[2]) if 2 < len(sys.argv) else 0).port, flush=True)
threading.Event().wait()
