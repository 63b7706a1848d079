-- What the inbox is searched by: every two characters that stand side by side, and each character beyond ASCII alone, since
-- a Chinese name has two or three. Trigrams (pg_trgm) know nothing of such names, and are not in every Postgres.
CREATE FUNCTION udesk_sync.grams(words text) RETURNS text[] LANGUAGE sql IMMUTABLE STRICT PARALLEL SAFE
RETURN ARRAY(
    SELECT c || n FROM unnest(string_to_array(words, NULL), (string_to_array(words, NULL))[2:]) AS u(c, n) WHERE n IS NOT NULL)
  || ARRAY(SELECT c FROM unnest(string_to_array(words, NULL)) AS u(c) WHERE octet_length(c) > 1);
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.grams(text) IS 'The pieces of a text by which a part of it is found: src/store/conflict-search.ts.';
--> statement-breakpoint
CREATE TABLE "udesk_sync"."conflict_note" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."conflict_note_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"conflict_id" bigint NOT NULL,
	"who" text NOT NULL,
	"text" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."conflict_search" (
	"conflict_id" bigint PRIMARY KEY NOT NULL,
	"words" text NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."inbox_view" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."inbox_view_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"who" text NOT NULL,
	"name" text NOT NULL,
	"query" text NOT NULL,
	"words" text,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "owner" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "authors" text[] DEFAULT '{}' NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "assignee" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_note" ADD CONSTRAINT "conflict_note_conflict_id_conflict_id_fk" FOREIGN KEY ("conflict_id") REFERENCES "udesk_sync"."conflict"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict_search" ADD CONSTRAINT "conflict_search_conflict_id_conflict_id_fk" FOREIGN KEY ("conflict_id") REFERENCES "udesk_sync"."conflict"("id") ON DELETE cascade ON UPDATE no action;--> statement-breakpoint
CREATE INDEX "conflict_note_conflict" ON "udesk_sync"."conflict_note" USING btree ("conflict_id","id");--> statement-breakpoint
CREATE INDEX "conflict_search_grams" ON "udesk_sync"."conflict_search" USING gin (udesk_sync.grams("words")) WITH (fastupdate=off);--> statement-breakpoint
CREATE UNIQUE INDEX "inbox_view_name" ON "udesk_sync"."inbox_view" USING btree ("who","name");--> statement-breakpoint
CREATE INDEX "conflict_field" ON "udesk_sync"."conflict" USING btree ("field","id");--> statement-breakpoint
CREATE INDEX "conflict_assigned" ON "udesk_sync"."conflict" USING btree ("assignee","id") WHERE assignee is not null;--> statement-breakpoint
-- Postgres thinks it cheap to take the table apart row by row, which is what the index is there for.
CREATE FUNCTION udesk_sync.find_conflicts(part text, most integer) RETURNS SETOF bigint LANGUAGE sql STABLE STRICT SET enable_seqscan = off
AS $$
  SELECT s.conflict_id FROM udesk_sync.conflict_search s
  WHERE udesk_sync.grams(s.words) @> udesk_sync.grams(lower(part)) AND strpos(s.words, lower(part)) > 0 LIMIT most
$$;
--> statement-breakpoint
COMMENT ON FUNCTION udesk_sync.find_conflicts(text, integer) IS 'Ids of conflicts whose words hold this text, whatever its case; so many at most, in no order. The text must have a gram.';
--> statement-breakpoint
-- What was there before; from now on the program writes it (src/store/conflict-search.ts).
INSERT INTO "udesk_sync"."conflict_search" (conflict_id, words)
SELECT c.id, lower(left(concat_ws(E'\n', l.udesk_id, l.crm_id,
    udesk_sync.plain_text(ru.fields -> 'nick_name'),
    udesk_sync.plain_text(rc.fields -> coalesce(p.field_specs #>> '{nick_name,crm}', 'name')),
    regexp_replace(array_to_string(ru.keys || rc.keys, E'\n'), '^[a-z]+:', '', 'gn'),
    left(udesk_sync.plain_text(c.udesk), 1000), left(udesk_sync.plain_text(c.crm), 1000)), 4000))
FROM udesk_sync.conflict c
JOIN udesk_sync.link l ON l.id = c.link_id
LEFT JOIN udesk_sync.pair p ON p.name = c.pair
LEFT JOIN udesk_sync.record ru ON ru.pair = c.pair AND ru.side = 'udesk' AND ru.remote_id = l.udesk_id
LEFT JOIN udesk_sync.record rc ON rc.pair = c.pair AND rc.side = 'crm' AND rc.remote_id = l.crm_id;
--> statement-breakpoint
UPDATE udesk_sync.conflict c SET
  owner = (
    SELECT coalesce(r.fields ->> 'owner_id', CASE WHEN jsonb_typeof(r.fields -> 'owner') = 'string' THEN r.fields ->> 'owner' END)
    FROM udesk_sync.link l JOIN udesk_sync.record r ON r.pair = l.pair AND r.side = 'udesk' AND r.remote_id = l.udesk_id
    WHERE l.id = c.link_id),
  authors = ARRAY(
    SELECT DISTINCT o #>> '{author,name}' FROM jsonb_array_elements(c.overwritten) o
    WHERE o #>> '{author,name}' IS NOT NULL);
