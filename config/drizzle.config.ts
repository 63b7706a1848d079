import { defineConfig } from 'drizzle-kit';

/** `npm run db:generate -- --name what_changes` writes the next SQL file into drizzle/; it needs no database. */
export default defineConfig({
  dialect: 'postgresql',
  schema: './src/store/schema',
  out: './drizzle',
  schemaFilter: ['udesk_sync'],
  migrations: { schema: 'udesk_sync', table: 'migration' },
});
