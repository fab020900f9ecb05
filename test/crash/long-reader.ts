/** Run as a process of its own: holds a read transaction on the database it is told until its input ends. */
import Database from 'better-sqlite3';

const db = new Database(process.argv[2], { readonly: true });
db.exec('BEGIN');
db.prepare('SELECT head FROM store').get();
process.stdout.write('reading\n');
process.stdin.resume();
process.stdin.on('end', () => db.close());
