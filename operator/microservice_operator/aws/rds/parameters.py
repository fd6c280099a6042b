"""PURE: PostgreSQL parameters, some of which change only with a restart.

RDS decides which ("ApplyType" of DescribeDBParameters), and a write uses its answer. This list is for a preview without
calls.
"""

from collections.abc import Mapping
from dataclasses import replace

from ..engine.rules import Change, Effect, Outcome, settings

# "pg_settings" in PostgreSQL's documentation: those of context postmaster, of any version from 13 on
_AT_START = """
    archive_mode autovacuum_freeze_max_age autovacuum_max_workers autovacuum_multixact_freeze_max_age
    autovacuum_worker_slots bonjour bonjour_name cluster_name commit_timestamp_buffers config_file data_directory
    data_sync_retry debug_io_direct dynamic_shared_memory_type event_source external_pid_file hba_file hot_standby
    huge_page_size huge_pages ident_file ignore_invalid_pages io_max_combine_limit io_max_concurrency io_method
    jit_provider listen_addresses logging_collector max_active_replication_origins max_connections
    max_files_per_process max_locks_per_transaction max_logical_replication_workers max_notify_queue_pages
    max_pred_locks_per_transaction max_prepared_transactions max_replication_slots max_wal_senders
    max_worker_processes min_dynamic_shared_memory multixact_member_buffers multixact_offset_buffers notify_buffers
    old_snapshot_threshold port recovery_target recovery_target_action recovery_target_inclusive recovery_target_lsn
    recovery_target_name recovery_target_time recovery_target_timeline recovery_target_xid reserved_connections
    serializable_buffers shared_buffers shared_memory_type shared_preload_libraries subtransaction_buffers
    superuser_reserved_connections trace_connection_negotiation track_activity_query_size track_commit_timestamp
    transaction_buffers unix_socket_directories unix_socket_group unix_socket_permissions wal_buffers
    wal_decode_buffer_size wal_level wal_log_hints
"""
# "RDS for PostgreSQL DB instance parameter list", and the pages of the extensions: further static parameters
_STATIC_ON_RDS = """
    cron.database_name pg_prewarm.autoprewarm pg_stat_statements.max rds.logical_replication
    rds.restrict_password_commands ssl temp_file_limit
"""
STATIC = frozenset((_AT_START + _STATIC_ON_RDS).split())


def parameters(desired: Mapping[str, str], observed: Mapping[str, str]) -> Outcome:
    """Rule: `settings`, with effect RESTART if a static parameter changes."""
    outcome = settings(desired, observed)
    differing = {name for name in desired.keys() | observed.keys() if desired.get(name) != observed.get(name)}
    if isinstance(outcome, Change) and differing & STATIC:
        return replace(outcome, effect=Effect.RESTART)
    return outcome
