"""The command `run`, which is also the command `instantiate`."""

from __future__ import annotations

import typer

from hydra_cached.cli.options import (
    DEFAULT_CACHE_DIR,
    CacheDirOption,
    ConfigDirOption,
    ConfigNameOption,
    ObjectOption,
    OverridesArgument,
    PipelineArgument,
    choose_pipeline,
)
from hydra_cached.cli.run_options import (
    AllowOption,
    ClusterOption,
    DisplayOption,
    DryRunOption,
    DurableOption,
    ExcludeOption,
    ExecutorOption,
    ExitCodeOption,
    ForceOption,
    JobsOption,
    JsonOption,
    KeepGoingOption,
    LockTimeoutOption,
    LogLevelOption,
    MinPersistOption,
    MultirunOption,
    OnlyOption,
    PdbOption,
    PersistOption,
    PrintOption,
    ShipCodeOption,
    VerboseOption,
    VerifyReuseOption,
)


def run(
    pipeline: PipelineArgument = None,
    overrides: OverridesArgument = None,
    config_object: ObjectOption = None,
    config_dir: ConfigDirOption = None,
    config_name: ConfigNameOption = None,
    is_persistent: PersistOption = False,
    cache_dir: CacheDirOption = DEFAULT_CACHE_DIR,
    is_durable: DurableOption = False,
    is_verbose: VerboseOption = False,
    is_displaying: DisplayOption = False,
    is_multirun: MultirunOption = False,
    is_dry_run: DryRunOption = False,
    has_exit_code: ExitCodeOption = False,
    jobs: JobsOption = "1",
    executor: ExecutorOption = None,
    cluster: ClusterOption = None,
    is_shipping_code: ShipCodeOption = False,
    is_keeping_going: KeepGoingOption = False,
    force: ForceOption = None,
    only: OnlyOption = None,
    exclude: ExcludeOption = None,
    min_persist: MinPersistOption = "0",
    verify_reuse: VerifyReuseOption = None,
    lock_timeout: LockTimeoutOption = "3600",
    allow: AllowOption = None,
    log_level: LogLevelOption = "INFO",
    is_print: PrintOption = False,
    is_pdb: PdbOption = False,
    is_json: JsonOption = False,
) -> None:
    """Run a pipeline: make every distinct call of its config once, and with -p only those that changed.

    Logs go to stderr. Stdout is left to your own code; with --json or --print it has the data alone.
    """
    from hydra_cached.cli.execute import Request, execute

    request = Request(
        choice=choose_pipeline(pipeline, overrides, config_object, config_dir, config_name),
        is_persistent=is_persistent,
        cache_dir=cache_dir,
        is_durable=is_durable,
        is_verbose=is_verbose,
        is_displaying=is_displaying,
        is_multirun=is_multirun,
        is_dry_run=is_dry_run,
        has_exit_code=has_exit_code,
        jobs=jobs,
        executor=executor,
        cluster=cluster,
        is_shipping_code=is_shipping_code,
        is_keeping_going=is_keeping_going,
        force=tuple(force or ()),
        only=only,
        exclude=tuple(exclude or ()),
        min_persist_ms=min_persist,
        verify_reuse=verify_reuse,
        lock_timeout=lock_timeout,
        allow=tuple(allow or ()),
        log_level=log_level,
        is_print=is_print,
        is_pdb=is_pdb,
        is_json=is_json,
    )
    raise typer.Exit(execute(request))
