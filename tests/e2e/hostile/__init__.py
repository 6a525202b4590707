# SPDX-License-Identifier: Apache-2.0
"""Servers that pretend to be Go programs: well behaved ones and hostile ones."""
