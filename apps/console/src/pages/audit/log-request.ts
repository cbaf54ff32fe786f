import { Problem } from '../../api/problem';

/** The exported log, one event a line. @throws Problem */
export async function requestLog(instanceId: string, occurredAt: string | undefined): Promise<Response> {
  const query = occurredAt === undefined ? '' : `?occurred_at=${encodeURIComponent(occurredAt)}`;
  const response = await fetch(`/console/api/v1/instances/${instanceId}/audit_log${query}`, {
    headers: { accept: 'application/x-ndjson' },
  });
  if (!response.ok) throw Problem.from(response, await response.text());
  return response;
}
