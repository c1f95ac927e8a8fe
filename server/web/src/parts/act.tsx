import { Alert, Button, NativeSelect, Textarea, TextInput } from '@mantine/core';
import { useQuery, useQueryClient } from '@tanstack/react-query';
import { type FormEvent, type ReactNode, useState } from 'react';
import { ApiError } from '../api/client.ts';
import { callerQuery } from '../api/decision-queries.ts';
import type { Role } from '../api/types.ts';
import { mayAs } from '../words/roles.ts';
import styles from './dialog.module.css';
import { Dialog } from './dialog.tsx';

/** What a person is asked for besides the reason. */
export interface Field {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly initial?: string;
  readonly isOptional?: boolean;
  /** One of these, in place of free text. */
  readonly options?: readonly { readonly value: string; readonly label: string }[];
}

export type Given = Readonly<Record<string, string>>;

interface Asked {
  /** On the button, and the one that does it. */
  readonly label: string;
  /** What is decided, as a question or a sentence. */
  readonly title: string;
  readonly needs: Role;
  /** Why nobody with this token may, whatever its role. */
  readonly refused?: string | undefined;
  readonly isGrave?: boolean;
  readonly fields?: readonly Field[];
  /** Not where the server keeps none. */
  readonly withReason?: boolean;
  readonly send: (given: Given) => Promise<unknown>;
  /** What follows from it. */
  readonly children: ReactNode;
}

/** A button for what a person decides, with its consequences and the reason before it is sent. Dead where the token may not. */
export function Act(asked: Asked) {
  const { label, title, needs, refused, isGrave = false } = asked;
  const [isOpen, setIsOpen] = useState(false);
  const caller = useQuery(callerQuery);
  const why = refused ?? whyNot(caller.data?.role, needs);
  return (
    <>
      <Button
        size="xs"
        variant={isGrave ? 'outline' : 'default'}
        {...(isGrave && { color: 'var(--tone-bad)' })}
        disabled={why !== undefined}
        title={why ?? title}
        onClick={() => setIsOpen(true)}
      >
        {label}
      </Button>
      {isOpen && (
        <Dialog title={title} onClose={() => setIsOpen(false)}>
          {(close) => <ActForm asked={asked} close={close} />}
        </Dialog>
      )}
    </>
  );
}

/** Several of them beside each other. */
export function Acts({ children }: { readonly children: ReactNode }) {
  return <div className={styles['acts']}>{children}</div>;
}

function whyNot(role: Role | undefined, needs: Role): string | undefined {
  if (role === undefined) return 'The server has not said yet what this token may do.';
  return mayAs(role, needs) ? undefined : `This needs the role ${needs}; your token is of a ${role}.`;
}

function ActForm({ asked, close }: { readonly asked: Asked; readonly close: () => void }) {
  const { label, isGrave = false, fields = [], withReason = true, send, children } = asked;
  const client = useQueryClient();
  const [given, setGiven] = useState<Given>(() =>
    Object.fromEntries(fields.map(({ name, initial = '' }) => [name, initial])),
  );
  const [problem, setProblem] = useState<string | null>(null);
  const [isBusy, setIsBusy] = useState(false);
  const set = (name: string) => (event: { readonly currentTarget: { readonly value: string } }) => {
    const { value } = event.currentTarget;
    setGiven((before) => ({ ...before, [name]: value }));
  };

  async function submit(event: FormEvent) {
    event.preventDefault();
    setIsBusy(true);
    setProblem(null);
    try {
      await send(given);
      close();
    } catch (error) {
      setProblem(error instanceof ApiError ? `${error.message} (${error.code})` : 'The server cannot be reached.');
      setIsBusy(false);
    } finally {
      // What was decided is read from the server, also where its answer was lost on the way.
      void client.invalidateQueries();
    }
  }

  return (
    <form className={styles['form']} onSubmit={submit}>
      <div>{children}</div>
      {fields.map(({ name, label: fieldLabel, hint, options, isOptional = false }) =>
        options === undefined ? (
          <TextInput
            key={name}
            label={fieldLabel}
            description={hint}
            value={given[name] ?? ''}
            onChange={set(name)}
            required={!isOptional}
          />
        ) : (
          <NativeSelect
            key={name}
            label={fieldLabel}
            description={hint}
            data={[...options]}
            value={given[name] ?? ''}
            onChange={set(name)}
          />
        ),
      )}
      {withReason && (
        <Textarea
          label="Reason"
          description="Kept with it, and read by whoever asks why."
          value={given['reason'] ?? ''}
          onChange={set('reason')}
          required
          maxLength={1_000}
          autosize={false}
          rows={2}
        />
      )}
      {problem !== null && <Alert color="red" variant="outline" role="alert" title={problem} />}
      <div className={styles['buttons']}>
        <Button variant="default" onClick={close}>
          Cancel
        </Button>
        <Button type="submit" loading={isBusy} {...(isGrave && { color: 'red.9' })}>
          {label}
        </Button>
      </div>
    </form>
  );
}
