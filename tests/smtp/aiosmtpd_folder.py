"""A mail server of aiosmtpd that writes each letter to FOLDER/N.eml. Prints its port, and serves until it is killed."""

import pathlib
import sys
import threading

from aiosmtpd.controller import Controller


class Folder:
    def __init__(self, folder):
        self.folder = pathlib.Path(folder)
        self.count = 0

    async def handle_DATA(self, server, session, envelope):
        self.count += 1
        fresh = self.folder / f".{self.count}.new"
        fresh.write_bytes(envelope.content)
        fresh.rename(self.folder / f"{self.count}.eml")
        return "250 taken"


class AnyPort(Controller):
    """The library itself asks whether it listens by connecting to the port that it was given."""

    def _trigger_server(self):
        self.port = self.server.sockets[0].getsockname()[1]
        super()._trigger_server()


controller = AnyPort(Folder(sys.argv[1]), hostname="127.0.0.1", port=0, enable_SMTPUTF8=True)
controller.start()
print(controller.port, flush=True)
threading.Event().wait()
