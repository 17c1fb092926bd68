"""The same render on many machines, by Ray: an extra, ``pip install "musvid[cluster]"``.

>>> from musvid.cluster import Cluster
>>> with Cluster("auto") as cluster:  # doctest: +SKIP
...     musvid.render(job, painter=cluster.painter(job.style))

A frame is a function of its time, so paintings can be made anywhere and in any order. The process
that renders draws the spectrum, sends keyframes and guides in spans of a few to workers, and takes
what they paint in order: it fills the gaps, applies the view, and writes the video. Ray starts the
workers, carries frames between machines, and starts workers again that are lost.
"""

from .cluster import Cluster as Cluster
from .painter import ClusterPainter as ClusterPainter

__all__ = ["Cluster", "ClusterPainter"]
