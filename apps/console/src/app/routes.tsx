import { Navigate, type RouteObject } from 'react-router';

import { InstanceLayout } from './instance-layout';
import { Lost, RouteFailure } from './route-failure';
import { Shell } from './shell';

/** Each page is a file of its own, which is fetched when it is opened. */
export const routes: RouteObject[] = [
  {
    element: <Shell />,
    errorElement: <RouteFailure />,
    hydrateFallbackElement: <></>,
    children: [
      { index: true, lazy: async () => ({ Component: (await import('../pages/instances')).InstancesPage }) },
      {
        path: 'instances/:instance',
        element: <InstanceLayout />,
        errorElement: <RouteFailure />,
        children: [
          { index: true, element: <Navigate to="overview" replace /> },
          {
            path: 'overview',
            lazy: async () => ({ Component: (await import('../pages/overview/overview')).OverviewPage }),
          },
        ],
      },
      { path: '*', element: <Lost /> },
    ],
  },
];
