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
          {
            path: 'connect',
            lazy: async () => ({ Component: (await import('../pages/connect/connect')).ConnectPage }),
          },
          {
            path: 'certificates',
            lazy: async () => ({ Component: (await import('../pages/certificates/certificates')).CertificatesPage }),
          },
          {
            path: 'certificates/:certificate',
            lazy: async () => ({ Component: (await import('../pages/certificates/certificate')).CertificatePage }),
          },
          {
            path: 'certificates/:certificate/renew',
            lazy: async () => ({ Component: (await import('../pages/certificates/renew')).RenewPage }),
          },
          { path: 'keys', lazy: async () => ({ Component: (await import('../pages/keys/keys')).KeysPage }) },
          { path: 'keys/:key', lazy: async () => ({ Component: (await import('../pages/keys/key')).KeyPage }) },
          {
            path: 'root-key',
            lazy: async () => ({ Component: (await import('../pages/root-key/root-key')).RootKeyPage }),
          },
          { path: 'audit', lazy: async () => ({ Component: (await import('../pages/audit/audit')).AuditPage }) },
          { path: 'usage', lazy: async () => ({ Component: (await import('../pages/usage/usage')).UsagePage }) },
          {
            path: 'reclaim',
            lazy: async () => ({ Component: (await import('../pages/reclaim/reclaim')).ReclaimPage }),
          },
          {
            path: 'webhook',
            lazy: async () => ({ Component: (await import('../pages/webhook/webhook')).WebhookPage }),
          },
          { path: 'shred', lazy: async () => ({ Component: (await import('../pages/shred/shred')).ShredPage }) },
          { path: 'shred/:plan', lazy: async () => ({ Component: (await import('../pages/shred/plan')).PlanPage }) },
          {
            path: 'settings',
            lazy: async () => ({ Component: (await import('../pages/settings/settings')).SettingsPage }),
          },
          {
            path: 'diagnosis',
            lazy: async () => ({ Component: (await import('../pages/diagnosis/diagnosis')).DiagnosisPage }),
          },
        ],
      },
      { path: '*', element: <Lost /> },
    ],
  },
];
