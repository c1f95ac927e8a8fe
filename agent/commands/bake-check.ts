import { ExitCode } from '../../shared/errors.ts';
import { terminalSafe } from '../../shared/name.ts';
import { type FoundRemnant, findRemnants, type Remnants } from '../bake/find-remnants.ts';
import type { RootView } from '../image/root-view.ts';
import { paint } from './paint.ts';
import { counted } from './report-text.ts';

export interface RootCheck extends Remnants {
  readonly root: string;
}

/** Looks for what must not be baked in. Errors: ARCHIVE, UNSTABLE. */
export async function checkRoot(view: RootView, root: string): Promise<RootCheck> {
  return {
    root,
    ...(await view.read((files) => findRemnants(files, view.prefix === undefined ? '' : shownPrefix(root)))),
  };
}

/** Nothing that a bake stops for. */
export function isClean({ found, holes }: RootCheck): boolean {
  return found.every(({ level }) => level === 'remark') && holes.length === 0;
}

/** Says what was found, and by what the command ends. */
export function tellCheck(
  checked: RootCheck,
  { json, wasToBake }: { readonly json: boolean; readonly wasToBake: boolean },
): ExitCode {
  process.stdout.write(json ? `${JSON.stringify(jsonOf(checked))}\n` : textOf(checked, wasToBake));
  if (checked.found.some(({ level }) => level === 'error')) return ExitCode.finding;
  return checked.holes.length > 0 ? ExitCode.unmeasured : ExitCode.ok;
}

function shownPrefix(root: string): string {
  return root.replace(/\/+$/, '');
}

function jsonOf({ root, found, holes }: RootCheck) {
  return { schema: 'pristine.bake-check/1', root, found, holes };
}

function textOf(checked: RootCheck, wasToBake: boolean): string {
  const { root, found, holes } = checked;
  const errors = found.filter(({ level }) => level === 'error').length;
  const remarks = found.length - errors;
  const parts = [
    ...(errors > 0 ? [`${counted(errors, 'thing')} to take out before it is baked`] : []),
    ...(holes.length > 0 ? [`${counted(holes.length, 'place')} could not be looked at`] : []),
    ...(errors === 0 && holes.length === 0 ? ['nothing that must not be baked in'] : []),
    ...(remarks > 0 ? [counted(remarks, 'remark')] : []),
    ...(wasToBake && !isClean(checked) ? ['nothing was written'] : []),
  ];
  const lines = [
    `${terminalSafe(root)}: ${parts.join('; ')}`,
    ...found.flatMap(foundLines),
    ...holes.map(({ name, reason }) => `${paint('yellow', 'hole  ')}  ${terminalSafe(name)}: ${reason}`),
  ];
  return `${lines.join('\n')}\n`;
}

const namesMax = 3;

function foundLines({ code, level, names, why, fix }: FoundRemnant): string[] {
  const more = names.length > namesMax ? ` and ${names.length - namesMax} more` : '';
  return [
    `${paint(level === 'error' ? 'red' : 'cyan', level.padEnd(6))}  ${code}  ${names.slice(0, namesMax).map(terminalSafe).join(', ')}${more}`,
    `        ${why}`,
    `        fix: ${terminalSafe(fix)}`,
  ];
}
