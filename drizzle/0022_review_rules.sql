CREATE TABLE "udesk_sync"."review_rule" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."review_rule_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"field" text NOT NULL,
	"kind" text NOT NULL,
	"pattern" text NOT NULL,
	"take" text NOT NULL,
	"agrees" integer NOT NULL,
	"total" integer NOT NULL,
	"from_conflict_id" bigint NOT NULL,
	"on_by" text NOT NULL,
	"on_at" timestamp (3) with time zone NOT NULL,
	"off_by" text,
	"off_at" timestamp (3) with time zone,
	"off_reason" text,
	"end_told" boolean DEFAULT false NOT NULL
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "pattern" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "unclassified" boolean DEFAULT true NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."conflict" ADD COLUMN "person_take" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."decision" ADD COLUMN "rule_id" bigint;--> statement-breakpoint
ALTER TABLE "udesk_sync"."decision" ADD COLUMN "undone_by" text;--> statement-breakpoint
CREATE UNIQUE INDEX "review_rule_on" ON "udesk_sync"."review_rule" USING btree ("pair","field","kind","pattern") WHERE off_at is null;--> statement-breakpoint
CREATE INDEX "conflict_similar" ON "udesk_sync"."conflict" USING btree ("pair","field","kind","pattern","id") WHERE state = 'open' and pattern is not null;--> statement-breakpoint
CREATE INDEX "conflict_evidence" ON "udesk_sync"."conflict" USING btree ("pair","field","kind","pattern","person_take","id") WHERE person_take is not null and decision_id is not null and pattern is not null;--> statement-breakpoint
CREATE INDEX "conflict_unclassified" ON "udesk_sync"."conflict" USING btree ("pair","state","id") WHERE unclassified;--> statement-breakpoint
CREATE INDEX "decision_rule" ON "udesk_sync"."decision" USING btree ("rule_id","id") WHERE rule_id is not null;--> statement-breakpoint
-- What people decided before there were rules is evidence, where it still stands: not what a later edit made void, nor what
-- somebody undid. Patterns are found by the cycles that follow, oldest open ones first.
UPDATE "udesk_sync"."conflict" c SET "person_take" = d."take"
FROM "udesk_sync"."decision" d
WHERE d."id" = c."decision_id" AND c."reason" NOT LIKE '%changed after the decision was made'
  AND NOT EXISTS (
    SELECT 1 FROM "udesk_sync"."revert_field" f JOIN "udesk_sync"."revert" r ON r."id" = f."revert_id"
    WHERE f."link_id" = c."link_id" AND f."field" = c."field" AND r."at" >= d."at");--> statement-breakpoint
COMMENT ON COLUMN report.conflict.decided_by IS 'The person who decided, or a rule and the person who turned it on (rule:7 for ann), or policy, or link ended; null while open, and when it converged by itself.';
