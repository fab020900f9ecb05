import { describe, expect, test } from 'vitest';
import {
  createPaceMeter,
  rotationLossMs,
} from '../../../server/sources/transport/tail-rotation.ts';

const ROTATION = { fileBytes: 1000, backups: 5 };

describe('the time to rotation loss', () => {
  test('is what is left until the file with the oldest unread byte is deleted', () => {
    const pace = { unread: 100, written: 110, read: 10 };
    // 600 bytes to the rotation, and five more files after that.
    expect(rotationLossMs(pace, 400, ROTATION)).toBe(56_000);
  });

  test('is shorter for what stands in a rotated file already', () => {
    const inSecondBackup = { unread: 400 + 1500, written: 100, read: 0 };
    expect(rotationLossMs(inSecondBackup, 400, ROTATION)).toBe(36_000);
    const inLastBackup = { unread: 400 + 5000, written: 100, read: 0 };
    expect(rotationLossMs(inLastBackup, 400, ROTATION)).toBe(6_000);
  });

  test('is not told where reading keeps up, or nothing is unread', () => {
    expect(rotationLossMs({ unread: 100, written: 10, read: 10 }, 400, ROTATION)).toBeUndefined();
    expect(rotationLossMs({ unread: 0, written: 10, read: 0 }, 400, ROTATION)).toBeUndefined();
  });

  test('follows from what was read and written in the last seconds', () => {
    const meter = createPaceMeter();
    meter.note({ atMs: 0, consumed: 0, unread: 500 });
    expect(meter.pace()).toBeUndefined();
    meter.note({ atMs: 500, consumed: 10, unread: 600 });
    meter.note({ atMs: 2_000, consumed: 100, unread: 900 });
    expect(meter.pace()).toEqual({ unread: 900, written: 250, read: 50 });
  });
});
