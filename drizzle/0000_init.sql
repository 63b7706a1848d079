CREATE SCHEMA "udesk_sync";
--> statement-breakpoint
CREATE TABLE "udesk_sync"."claim" (
	"pair" text NOT NULL,
	"side" text NOT NULL,
	"key" text NOT NULL,
	"link_id" bigint NOT NULL,
	CONSTRAINT "claim_pair_side_key_pk" PRIMARY KEY("pair","side","key")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."conflict" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."conflict_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"link_id" bigint NOT NULL,
	"field" text NOT NULL,
	"kind" text NOT NULL,
	"state" text NOT NULL,
	"base" jsonb,
	"udesk" jsonb,
	"crm" jsonb,
	"udesk_at" text,
	"crm_at" text,
	"reason" text NOT NULL,
	"resolved_by" text,
	"decision_id" bigint,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."custom_field" (
	"pair" text NOT NULL,
	"name" text NOT NULL,
	"label" text,
	"content_type" text NOT NULL,
	"required" boolean DEFAULT false NOT NULL,
	"options" jsonb NOT NULL,
	"pinned" jsonb NOT NULL,
	"observed_at" timestamp (3) with time zone NOT NULL,
	"vanished_at" timestamp (3) with time zone,
	CONSTRAINT "custom_field_pair_name_pk" PRIMARY KEY("pair","name")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."decision" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."decision_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"conflict_id" bigint NOT NULL,
	"who" text NOT NULL,
	"take" text NOT NULL,
	"value" jsonb,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."directory" (
	"pair" text NOT NULL,
	"kind" text NOT NULL,
	"remote_id" text NOT NULL,
	"name" text,
	"email" text,
	"data" jsonb NOT NULL,
	"observed_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "directory_pair_kind_remote_id_pk" PRIMARY KEY("pair","kind","remote_id")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."feed" (
	"pair" text NOT NULL,
	"kind" text NOT NULL,
	"feed_id" text NOT NULL,
	"udesk_id" text NOT NULL,
	"at" timestamp (3) with time zone,
	"author_id" text,
	"author_name" text,
	"data" jsonb NOT NULL,
	"first_seen_at" timestamp (3) with time zone NOT NULL,
	CONSTRAINT "feed_pair_kind_feed_id_pk" PRIMARY KEY("pair","kind","feed_id")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."guard" (
	"pair" text NOT NULL,
	"hash" text NOT NULL,
	"state" text NOT NULL,
	"tripped" jsonb NOT NULL,
	"writes" integer NOT NULL,
	"opened_at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone,
	CONSTRAINT "guard_pair_hash_pk" PRIMARY KEY("pair","hash")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."intent" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."intent_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"link_id" bigint NOT NULL,
	"run_id" bigint NOT NULL,
	"side" text NOT NULL,
	"op" text NOT NULL,
	"guard_class" text NOT NULL,
	"remote_id" text,
	"patch" jsonb NOT NULL,
	"reasons" jsonb NOT NULL,
	"source" jsonb NOT NULL,
	"marker" text,
	"state" text NOT NULL,
	"priority" integer NOT NULL,
	"attempts" integer DEFAULT 0 NOT NULL,
	"looks" integer DEFAULT 0 NOT NULL,
	"fence" bigint,
	"not_before" timestamp (3) with time zone,
	"result" jsonb,
	"error" text,
	"created_at" timestamp (3) with time zone NOT NULL,
	"sent_at" timestamp (3) with time zone,
	"settled_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."lease" (
	"pair" text PRIMARY KEY NOT NULL,
	"owner" text NOT NULL,
	"fence" bigint NOT NULL,
	"expires_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."link" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."link_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"udesk_id" text,
	"crm_id" text,
	"state" text NOT NULL,
	"evidence" jsonb NOT NULL,
	"candidates" jsonb,
	"candidate_key" text,
	"score" text,
	"reason" text,
	"bases" jsonb DEFAULT '{}'::jsonb NOT NULL,
	"dirty" boolean DEFAULT true NOT NULL,
	"decided_by" text NOT NULL,
	"created_at" timestamp (3) with time zone NOT NULL,
	"changed_at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."observation" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."observation_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"side" text NOT NULL,
	"remote_id" text NOT NULL,
	"delta" jsonb NOT NULL,
	"lane" text NOT NULL,
	"run_id" bigint,
	"at" timestamp (3) with time zone NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."pair" (
	"name" text PRIMARY KEY NOT NULL,
	"first_run" text DEFAULT 'pending' NOT NULL,
	"first_plan_hash" text,
	"spec_hash" text,
	"udesk_fingerprint" text,
	"crm_fingerprint" text,
	"crm_cursor" text,
	"udesk_certified_at" timestamp (3) with time zone,
	"crm_certified_at" timestamp (3) with time zone,
	"udesk_uncertified" text,
	"crm_uncertified" text,
	"udesk_total" integer,
	"created_at" timestamp (3) with time zone DEFAULT now() NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."parked" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."parked_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"link_id" bigint,
	"intent_id" bigint,
	"side" text NOT NULL,
	"remote_id" text,
	"kind" text NOT NULL,
	"message" text NOT NULL,
	"state" text NOT NULL,
	"at" timestamp (3) with time zone NOT NULL,
	"closed_at" timestamp (3) with time zone
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."quota_call" (
	"scope" text NOT NULL,
	"at" timestamp with time zone NOT NULL,
	"n" integer NOT NULL
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."record" (
	"pair" text NOT NULL,
	"side" text NOT NULL,
	"remote_id" text NOT NULL,
	"fields" jsonb NOT NULL,
	"external_id" text,
	"version" text,
	"updated_at" text,
	"hash" text NOT NULL,
	"keys" text[] NOT NULL,
	"link_id" bigint,
	"state" text DEFAULT 'live' NOT NULL,
	"dirty" boolean DEFAULT true NOT NULL,
	"obs_seq" bigint DEFAULT 1 NOT NULL,
	"observed_at" timestamp (3) with time zone NOT NULL,
	"first_seen_at" timestamp (3) with time zone DEFAULT now() NOT NULL,
	"deleted_at" timestamp (3) with time zone,
	"feed_read_at" timestamp (3) with time zone,
	"feed_due" boolean DEFAULT false NOT NULL,
	CONSTRAINT "record_pair_side_remote_id_pk" PRIMARY KEY("pair","side","remote_id")
);
--> statement-breakpoint
CREATE TABLE "udesk_sync"."run" (
	"id" bigint PRIMARY KEY GENERATED ALWAYS AS IDENTITY (sequence name "udesk_sync"."run_id_seq" INCREMENT BY 1 MINVALUE 1 MAXVALUE 9223372036854775807 START WITH 1 CACHE 1),
	"pair" text NOT NULL,
	"trigger" text NOT NULL,
	"started_at" timestamp (3) with time zone NOT NULL,
	"finished_at" timestamp (3) with time zone,
	"outcome" text,
	"stats" jsonb NOT NULL,
	"error" text
);
--> statement-breakpoint
CREATE UNIQUE INDEX "conflict_active" ON "udesk_sync"."conflict" USING btree ("link_id","field") WHERE state in ('open', 'resolving');--> statement-breakpoint
CREATE INDEX "conflict_state" ON "udesk_sync"."conflict" USING btree ("pair","state","id");--> statement-breakpoint
CREATE INDEX "conflict_link" ON "udesk_sync"."conflict" USING btree ("link_id");--> statement-breakpoint
CREATE INDEX "feed_customer" ON "udesk_sync"."feed" USING btree ("pair","udesk_id");--> statement-breakpoint
CREATE UNIQUE INDEX "intent_active" ON "udesk_sync"."intent" USING btree ("link_id","side") WHERE state in ('planned', 'held', 'pending', 'sending', 'unknown');--> statement-breakpoint
CREATE INDEX "intent_work" ON "udesk_sync"."intent" USING btree ("pair","priority","id") WHERE state in ('planned', 'held', 'pending', 'sending', 'unknown');--> statement-breakpoint
CREATE INDEX "intent_link" ON "udesk_sync"."intent" USING btree ("link_id");--> statement-breakpoint
CREATE UNIQUE INDEX "link_udesk" ON "udesk_sync"."link" USING btree ("pair","udesk_id") WHERE state = 'confirmed';--> statement-breakpoint
CREATE UNIQUE INDEX "link_crm" ON "udesk_sync"."link" USING btree ("pair","crm_id") WHERE state = 'confirmed';--> statement-breakpoint
CREATE UNIQUE INDEX "link_candidate" ON "udesk_sync"."link" USING btree ("pair","candidate_key") WHERE candidate_key is not null;--> statement-breakpoint
CREATE INDEX "link_dirty" ON "udesk_sync"."link" USING btree ("pair","id") WHERE dirty and state = 'confirmed';--> statement-breakpoint
CREATE INDEX "link_state" ON "udesk_sync"."link" USING btree ("pair","state","id");--> statement-breakpoint
CREATE INDEX "observation_record" ON "udesk_sync"."observation" USING btree ("pair","side","remote_id");--> statement-breakpoint
CREATE INDEX "parked_state" ON "udesk_sync"."parked" USING btree ("pair","state","id");--> statement-breakpoint
CREATE INDEX "quota_call_scope" ON "udesk_sync"."quota_call" USING btree ("scope","at");--> statement-breakpoint
CREATE INDEX "record_keys" ON "udesk_sync"."record" USING gin ("keys") WITH (fastupdate=off);--> statement-breakpoint
CREATE INDEX "record_link" ON "udesk_sync"."record" USING btree ("link_id");--> statement-breakpoint
CREATE INDEX "record_dirty" ON "udesk_sync"."record" USING btree ("pair","side") WHERE dirty and link_id is not null;--> statement-breakpoint
CREATE INDEX "record_feed_due" ON "udesk_sync"."record" USING btree ("pair","remote_id") WHERE feed_due and state = 'live';--> statement-breakpoint
CREATE INDEX "record_unlinked" ON "udesk_sync"."record" USING btree ("pair","side","remote_id") WHERE link_id is null and state = 'live';--> statement-breakpoint
CREATE INDEX "run_pair" ON "udesk_sync"."run" USING btree ("pair","id");