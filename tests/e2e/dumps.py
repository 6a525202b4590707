# SPDX-License-Identifier: Apache-2.0
"""Goroutine dumps as the runtime prints them, made to order."""


def goroutine(state, frames, created_by=None, labels=None):
    """Text of one record, with {id} where its number goes."""
    head = f"goroutine {{id}} [{state}]"
    if labels:
        head += " {{" + ", ".join(f'{key}: "{value}"' for key, value in labels.items()) + "}}"
    lines = [head + ":"]
    for function, file, line in frames:
        lines += [f"{function}(...)", f"\t{file}:{line} +0x1d"]
    if created_by:
        function, file, line = created_by
        lines += [f"created by {function} in goroutine 1", f"\t{file}:{line} +0x25"]
    return "\n".join(lines) + "\n"


def write_dump(path, records):
    text = "\n".join(record.replace("{id}", str(number), 1).replace("{{", "{").replace("}}", "}")
                     for number, record in enumerate(records, 1))
    path.write_text(text)
    return path


MAIN = goroutine("running", [("main.main", "/src/shop/main.go", 30)])
READER = goroutine("IO wait, 3 minutes",
                   [("internal/poll.(*FD).Read", "/usr/local/go/src/internal/poll/fd_unix.go", 165),
                    ("net.(*conn).Read", "/usr/local/go/src/net/net.go", 196),
                    ("example.com/shop/conn.(*Reader).loop", "/src/shop/conn/reader.go", 40)],
                   ("example.com/shop/conn.New", "/src/shop/conn/reader.go", 20))
SENDER = goroutine("chan send, 12 minutes",
                   [("example.com/shop/gateway.(*Gateway).fanout.func1", "/src/shop/gateway/fanout.go", 88)],
                   ("example.com/shop/gateway.(*Gateway).fanout", "/src/shop/gateway/fanout.go", 86))
LABELLED = goroutine("select", [("main.watch", "/src/shop/watch.go", 7)], labels={"user": "a=b"})


def service(senders):
    return [MAIN] + [READER] * 3 + [SENDER] * senders


SERVICE = service(13) + [LABELLED]
