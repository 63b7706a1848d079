CREATE TABLE "udesk_sync"."approval" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."approval_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"kind" text NOT NULL,
	"hash" text NOT NULL,
	"verdict" text NOT NULL,
	"who" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"state" text NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
ALTER TABLE "udesk_sync"."guard" ADD COLUMN "sample" jsonb;--> statement-breakpoint
ALTER TABLE "udesk_sync"."pair" ADD COLUMN "first_plan" jsonb;--> statement-breakpoint
CREATE UNIQUE INDEX "approval_waiting" ON "udesk_sync"."approval" USING btree ("pair","kind") WHERE state = 'waiting';--> statement-breakpoint
CREATE INDEX "approval_plan" ON "udesk_sync"."approval" USING btree ("pair","hash");