"""Long polls ("Amazon SQS short and long polling" in its Developer Guide) that do not block other requests.

The emulator waits inside one request and accepts the next request only afterwards.
"""

import time

from tests.fakes.aws.proxy import Answer, Call, Emulator, Layer

PAUSE = 0.2


def polling(layer: Layer) -> Layer:
    """The layer, asked again and again for as long as the caller would wait for a message."""

    def asked(call: Call, emulator: Emulator) -> Answer:
        if call.action != "ReceiveMessage":
            return layer(call, emulator)
        until = time.monotonic() + int(call.body.get("WaitTimeSeconds", 0))
        short = Call(call.service, call.action, {**call.body, "WaitTimeSeconds": 0})
        while True:
            answer = layer(short, emulator)
            if answer.status != 200 or answer.body.get("Messages") or time.monotonic() >= until:
                return answer
            time.sleep(PAUSE)

    return asked
