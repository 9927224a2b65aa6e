"""Options of the command `run`. Declares them; reads no value."""

from __future__ import annotations

from typing import Annotated

import typer

PersistOption = Annotated[
    bool, typer.Option("-p", "--persist-cache", help="Load results from the cache directory, and store new ones.")
]
DurableOption = Annotated[
    bool, typer.Option("--durable", help="With -p, make sure that what is stored survives a power cut.")
]
VerboseOption = Annotated[bool, typer.Option("-v", "--cache-verbose", help="Log every look-up in the store.")]
DisplayOption = Annotated[bool, typer.Option("-d", "--display-config", help="Log the config as YAML before it is run.")]
ExcludeOption = Annotated[
    list[str] | None,
    typer.Option(
        "-e",
        "--exclude-persisting-targets",
        metavar="LIST",
        help="Neither load nor store results of these targets: names or globs, with commas; may be repeated.",
        show_default=False,
    ),
]
AllowOption = Annotated[
    list[str] | None,
    typer.Option(
        "--allow",
        metavar="GLOB",
        help="Call only targets of these ids or globs, as in 'mypkg.*'; may be repeated.  "
        "[default: from YAML, what neither runs code nor destroys data; from Python, anything]",
        show_default=False,
    ),
]
LogLevelOption = Annotated[
    str,
    typer.Option(
        "-l", "--log-level", metavar="LEVEL", help="Least level to log: DEBUG, INFO, WARNING, ERROR, CRITICAL."
    ),
]
MinPersistOption = Annotated[
    str,
    typer.Option("-t", "--time-min-persist", metavar="MS", help="Store only results that took so many milliseconds."),
]
MultirunOption = Annotated[
    bool,
    typer.Option(
        "-m", "--multirun", help="Run all configs of a sweep, such as lr=0.1,0.01 n=range(3): shared steps run once."
    ),
]
DryRunOption = Annotated[
    bool, typer.Option("-n", "--dry-run", help="Only show the plan: what would run and why, and what would be reused.")
]
ExitCodeOption = Annotated[
    bool, typer.Option("--exit-code", help="With --dry-run, exit with 3 if anything would run, or may have to.")
]
ForceOption = Annotated[
    list[str] | None,
    typer.Option(
        "--force",
        metavar="PATH",
        help="Run the node at this config path whatever is stored; may be repeated.",
        show_default=False,
    ),
]
OnlyOption = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="PATH",
        help="Run only the node at this config path and what it needs; the result is its own.",
        show_default=False,
    ),
]
VerifyReuseOption = Annotated[
    str | None,
    typer.Option(
        "--verify-reuse",
        metavar="N%",
        help="Compute so many of a hundred stored results again, and warn of those that come out differently.",
        show_default=False,
    ),
]
JobsOption = Annotated[
    str, typer.Option("-j", "--jobs", metavar="N", help="Make so many calls at once, in processes; auto for all cores.")
]
ExecutorOption = Annotated[
    str | None,
    typer.Option(
        "--executor",
        metavar="NAME",
        help="What makes the calls: inline, processes, threads or dask.  "
        "[default: dask with --cluster, processes with -j, else inline]",
        show_default=False,
    ),
]
ClusterOption = Annotated[
    str | None,
    typer.Option(
        "--cluster",
        metavar="WHERE",
        help="A Dask cluster: tcp://host:port, a scheduler file, or module:factory.  "
        "[default: with --executor dask, -j workers on this machine]",
        show_default=False,
    ),
]
ShipCodeOption = Annotated[
    bool, typer.Option("--ship-code", help="Send your own modules to the workers of the cluster.")
]
KeepGoingOption = Annotated[
    bool, typer.Option("-k", "--keep-going", help="After a failure, go on with what does not depend on it.")
]
LockTimeoutOption = Annotated[
    str,
    typer.Option(
        "--lock-timeout", metavar="S", help="Wait at most so many seconds for another process that computes the same."
    ),
]
PrintOption = Annotated[bool, typer.Option("--print", help="Print the result on stdout.")]
PdbOption = Annotated[bool, typer.Option("--pdb", help="Open the debugger where your own code raised.")]
JsonOption = Annotated[bool, typer.Option("--json", help="Print one JSON document on stdout: result, nodes, summary.")]
