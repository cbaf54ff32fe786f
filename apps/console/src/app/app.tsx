import { QueryClient, QueryClientProvider } from '@tanstack/react-query';
import { createBrowserRouter, RouterProvider } from 'react-router';

import { asProblem } from '../api/problem';
import { NowProvider } from '../components/now';
import { routes } from './routes';
import { SessionGate } from './session-gate';

const MAXIMUM_RETRIES = 2;

const queries = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 10_000,
      // What was refused is refused again; an outage may pass.
      retry: (failures, error) => failures < MAXIMUM_RETRIES && asProblem(error).passing,
    },
  },
});

const router = createBrowserRouter(routes, { basename: '/console' });

export function App() {
  return (
    <QueryClientProvider client={queries}>
      <NowProvider>
        <SessionGate>
          <RouterProvider router={router} />
        </SessionGate>
      </NowProvider>
    </QueryClientProvider>
  );
}
