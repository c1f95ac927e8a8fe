import { Link } from '@tanstack/react-router';
import { Untrusted } from './untrusted.tsx';

/** An instance by the name its provider gave it, else by its id. */
export function InstanceLink({ id, providerId }: { readonly id: string; readonly providerId: string | null }) {
  return (
    <Link to="/instances/$id" params={{ id }}>
      <Untrusted text={providerId ?? id} mono={false} />
    </Link>
  );
}
