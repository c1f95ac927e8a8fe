import { describe, expect, it } from 'vitest';
import { WebhookConfig } from '../../../server/notify/config.ts';

describe('the address', () => {
  it.each([
    'https://10.0.0.7/hook',
    'https://pager.example/a',
    'http://127.0.0.1:8080/',
    'http://localhost/',
    'http://[::1]:1/',
  ])('may be %s', (url) => {
    expect(WebhookConfig.safeParse({ url }).success).toBe(true);
  });

  it.each([
    'http://10.0.0.7/hook',
    'http://169.254.169.254/',
    'ftp://pager.example/',
    'https://me:mine@pager.example/',
    'pager',
    'file:///etc/passwd',
  ])('is never %s', (url) => {
    expect(WebhookConfig.safeParse({ url }).success).toBe(false);
  });
});
