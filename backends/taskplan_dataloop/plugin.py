"""How taskplan finds this backend (entry-point group ``taskplan.backends``)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskplan_dataloop.backend import ACTIONS, MODES, SUMMARY, DataloopBackend
from taskplan_dataloop.client import Client
from taskplan_dataloop.filling import Pace
from taskplan_dataloop.login import settings_from
from taskplan_dataloop.platform import Platform


class DataloopPlugin:
    """Connects to the platform with the user's own login."""

    name = "dataloop"
    summary = SUMMARY
    capabilities = (*ACTIONS, *MODES, "pull")

    def connect(self, options: Mapping[str, Any]) -> DataloopBackend:
        """Connect; `options` are those of the command line, ``gate_url``, ``project`` and so on."""
        client = Client(settings_from(options))
        pace = Pace(
            request_items=int(options.get("request_items") or Pace().request_items),
            tries=int(options.get("tries") or Pace().tries),
            settle=float(options.get("settle") or Pace().settle),
            native=options.get("replay") == "native",
        )
        return DataloopBackend(Platform(client), options.get("project"), options.get("dataset"), pace)


plugin = DataloopPlugin()
