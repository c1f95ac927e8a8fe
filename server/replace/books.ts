import { type AlikeBook, openAlikeBook } from './alike.ts';
import { openWindowBook, type WindowBook } from './windows.ts';

/** What is worked out while one plan is made, and need not be again for the next one of a clock that goes forward. */
export interface Books {
  readonly closedBy: WindowBook;
  readonly alikeCause: AlikeBook;
}

export function openBooks(): Books {
  return { closedBy: openWindowBook(), alikeCause: openAlikeBook() };
}
