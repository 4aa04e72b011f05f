/**
 * The tables of the database, as a list of changes that only ever grows. A change that was released
 * is never edited: it was made elsewhere already. Every change adds something, so that the program
 * before it can still work with what the program after it has made.
 */
import { ledgerMigration } from './ledger-table.ts'

/** One change of the tables. Its statements are understood by SQLite and PostgreSQL alike. */
export interface Migration {
  /** Ascending, without gaps. */
  readonly version: number
  readonly name: string
  readonly statements: readonly string[]
}

/** Every change, oldest first. */
export const migrations: readonly Migration[] = [
  {
    version: 1,
    name: 'keys',
    statements: [
      `create table managed_keys (
        id text primary key,
        name text not null,
        owner text,
        tags text not null,
        models text,
        routes text,
        providers text,
        priority text not null,
        requests_per_minute bigint,
        tokens_per_minute bigint,
        concurrent_streams bigint,
        budget_daily_usd double precision,
        budget_monthly_usd double precision,
        expires_at bigint,
        revoked_at bigint,
        created_at bigint not null,
        updated_at bigint not null
      )`,
      'create index managed_keys_by_age on managed_keys (created_at, id)',
      'create index managed_keys_by_owner on managed_keys (owner)',
      'create index managed_keys_by_name on managed_keys (name)',
      // The tags once more, one a row, because a filter by one of them wants an index.
      `create table managed_key_tags (
        key_id text not null references managed_keys (id),
        tag text not null,
        primary key (key_id, tag)
      )`,
      'create index managed_key_tags_by_tag on managed_key_tags (tag)',
      // Apart from the keys, because a key that is being rotated has two secrets for a while.
      `create table managed_key_secrets (
        hash text primary key,
        key_id text not null references managed_keys (id),
        hashed_with text not null,
        created_at bigint not null,
        expires_at bigint
      )`,
      'create index managed_key_secrets_by_key on managed_key_secrets (key_id)',
      `create table server_secrets (
        name text primary key,
        value text not null,
        created_at bigint not null
      )`,
    ],
  },
  { version: 2, ...ledgerMigration },
]
