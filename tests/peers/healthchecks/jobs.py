"""Runs a job that succeeds and one that fails with a client of healthchecks.

usage: jobs.py CLIENT BASE_URL UUID

Only the base URL of the pings differs from the use with healthchecks.
"""

import contextlib
import sys

client, base, uuid = sys.argv[1:]
url = f"{base}/{uuid}"


def healthchecks_io():
    from healthchecks_io import CheckTrap, Client

    pings = Client(ping_url=base + "/")
    with CheckTrap(pings, uuid=uuid) as job:
        job.add_log("copied 3 files")
    with contextlib.suppress(ValueError), CheckTrap(pings, uuid=uuid):
        raise ValueError("no space left on device")
    assert pings.exit_code_ping(0, uuid=uuid, data="again") == (True, "OK")
    assert pings.exit_code_ping(7, uuid=uuid, data="killed") == (True, "OK")


def healthchecks_decorator():
    from healthchecks_decorator import healthcheck

    @healthcheck(url=url, send_start=True, send_diagnostics=True)
    def job(fail):
        if fail:
            raise ValueError("no space left on device")
        return {"files": 3}

    job(False)
    with contextlib.suppress(ValueError):
        job(True)


def healthchecks_wrapper():
    from healthchecks_wrapper import HealthCheck

    with HealthCheck(url):
        pass
    with HealthCheck(url, suppress_exceptions=True):
        raise ValueError("no space left on device")


def runchecked():
    from runchecked import HealthCheckedContext

    with HealthCheckedContext(url) as job:
        assert job.run(["echo", "copied 3 files"]) == 0
    with HealthCheckedContext(url) as job:
        assert job.run(["false"]) == 1


globals()[client]()
