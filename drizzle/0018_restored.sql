ALTER TABLE "udesk_sync"."link" ADD COLUMN "rebased" boolean DEFAULT false NOT NULL;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "home" text;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "restored_at" timestamp (3) with time zone;--> statement-breakpoint
COMMENT ON COLUMN report.conflict.kind IS 'Why there is a conflict: edit/edit, edit/delete, first-link, diverged-base, blocked-by-direction, element, capacity, identity, unmappable, overwritten-in-window, tug-of-war, reverted (what we wrote to one side was undone, the other keeps its value), edited-since (an undo met a later edit) or restored (the database came back from a backup, and which value is the later one is not known).';
