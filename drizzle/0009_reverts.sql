CREATE TABLE "udesk_sync"."revert" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."revert_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"who" text NOT NULL,
	"scope" jsonb NOT NULL,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."revert_field" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."revert_field_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"revert_id" bigint NOT NULL,
	"link_id" bigint NOT NULL,
	"field" text NOT NULL,
	"writes" jsonb NOT NULL,
	"both_sides" boolean NOT NULL,
	"carried" text[] DEFAULT '{}' NOT NULL,
	"state" text NOT NULL,
	"reason" text,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE UNIQUE INDEX "revert_field_waiting" ON "udesk_sync"."revert_field" USING btree ("link_id","field") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "revert_field_link" ON "udesk_sync"."revert_field" USING btree ("link_id");--> statement-breakpoint
COMMENT ON COLUMN report.conflict.kind IS 'Why there is a conflict: edit/edit, edit/delete, first-link, diverged-base, blocked-by-direction, element, capacity, identity, unmappable, overwritten-in-window, reverted (what we wrote to one side was undone, the other keeps its value) or edited-since (an undo met a later edit).';
