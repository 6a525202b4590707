# SPDX-License-Identifier: Apache-2.0
"""Rows of what was measured beside what was asked for."""

import threading


class Table:
    def __init__(self):
        self.rows, self.failed, self.lock = [], 0, threading.Lock()

    def row(self, what, measured, asked, good):
        with self.lock:
            self.rows.append((what, measured, asked, good))
            self.failed += not good
            print(f"{'ok  ' if good else 'MISS'}  {what:<44} {measured:<26} asked: {asked}",
                  flush=True)

    def end(self, name, failures=()):
        """Prints the sum; gives the exit status: 1 when anything was missed or nothing was run."""
        for failure in failures:
            print(f"MISS  {failure}")
        missed = self.failed + len(failures)
        print(f"{name}: {len(self.rows) - self.failed} met, {missed} missed")
        return 1 if missed or not self.rows else 0
